import type { Tensor } from './tensor.ts';

/** Every node that `roots` stand on, inputs before what is made of them, in a fixed order. */
export function topologicalOrder(roots: readonly Tensor[]): Tensor[] {
  const order: Tensor[] = [];
  const seen = new Set<Tensor>();
  for (const root of roots) {
    // An explicit stack: graphs of training steps are deeper than the call stack should be.
    const stack: { node: Tensor; next: number }[] = [];
    if (!seen.has(root)) {
      seen.add(root);
      stack.push({ node: root, next: 0 });
    }
    while (stack.length) {
      const top = stack[stack.length - 1]!;
      const input = top.node.inputs[top.next++];
      if (input === undefined) {
        order.push(top.node);
        stack.pop();
      } else if (!seen.has(input)) {
        seen.add(input);
        stack.push({ node: input, next: 0 });
      }
    }
  }
  return order;
}

/** For each node, the nodes that take it as an input (each once). */
export function consumersOf(order: readonly Tensor[]): Map<Tensor, Tensor[]> {
  const consumers = new Map<Tensor, Tensor[]>(order.map((node) => [node, []]));
  for (const node of order) {
    for (const input of new Set(node.inputs)) consumers.get(input)!.push(node);
  }
  return consumers;
}
