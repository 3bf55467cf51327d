/** facet for Node: the engine, and a way to open it on the best adapter of the machine. */
export * from './engine/index.ts';
export * from './open-node.ts';
