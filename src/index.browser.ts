/** facet for browsers: the engine, and a way to open it on the page's GPU. */
export * from './engine/index.ts';
export * from './open-browser.ts';
