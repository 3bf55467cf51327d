import { topologicalOrder } from '../graph.ts';
import type { AdapterTraits } from '../kernels/plan.ts';
import { full } from '../ops/full.ts';
import * as ops from '../ops/index.ts';
import { reshape } from '../ops/reshape.ts';
import { sameShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { lowerReduce } from './lower-reduce.ts';
import { copyOf } from './store.ts';
import { isResident, storageOf } from './trace-loads.ts';

/**
 * Rewrites graphs into fewer, simpler nodes: composites into what they are made of, constants
 * folded, equal nodes merged, identities gone. What the roots do not reach is not visited.
 *
 * @returns one node for each of `roots`, in order.
 */
export function simplify(roots: readonly Tensor[], traits: AdapterTraits): Tensor[] {
  const results = new Map<Tensor, Tensor>();
  const canonical = new Map<string, Tensor>();
  const packed = new Set<Tensor>();
  const numbers = new Map<object, number>();
  const numberOf = (thing: object): number => {
    const known = numbers.get(thing);
    if (known !== undefined) return known;
    numbers.set(thing, numbers.size);
    return numbers.size - 1;
  };

  /** The one node that stands for all nodes equal to this. */
  const merge = (node: Tensor): Tensor => {
    const { body } = node;
    const own =
      body.kind === 'variable'
        ? `@${numberOf(body.variable)}+${body.offset}`
        : body.kind === 'constant'
          ? constantKey(body.data, numberOf)
          : body.kind === 'reduce'
            ? `/${body.splits ?? 0}`
            : '';
    const key = `${node.op}|${node.attributes}|${node.dtype}|${node.shape.join(',')}|${own}|${node.inputs.map(numberOf).join(',')}`;
    const known = canonical.get(key);
    if (known) return known;
    canonical.set(key, node);
    return node;
  };

  // Recursion is shallow: the order below visits inputs first, so only what a rule just made is new.
  const visit = (node: Tensor): Tensor => {
    const known = results.get(node);
    if (known) return known;
    const inputs = node.inputs.map(visit);
    const rebuilt = inputs.every((input, index) => input === node.inputs[index])
      ? node
      : node.withInputs(inputs);
    const rewritten = rebuilt.body.kind === 'pack' ? placePacked(rebuilt, packed) : rewrite(rebuilt, traits);
    const result = rewritten === rebuilt ? merge(rebuilt) : visit(rewritten);
    results.set(node, result).set(result, result);
    return result;
  };
  for (const node of topologicalOrder(roots)) visit(node);
  return roots.map(visit);
}

/**
 * Gives every input of a pack a node that can write straight into its place: one that no other place
 * claims and that reads nothing of the same pack (a buffer cannot be read and written in one dispatch).
 */
function placePacked(node: Tensor, packed: Set<Tensor>): Tensor {
  if (node.inputs.every((input) => packed.has(input))) return node;
  const bases = node.inputs.map(storageOf);
  const inputs = node.inputs.map((input, index) => {
    const base = bases[index]!;
    const alone = bases.filter((other) => other === base).length === 1;
    const free =
      alone &&
      !isResident(base) &&
      base.body.kind !== 'full' &&
      base.body.kind !== 'view' &&
      base.body.kind !== 'pack' &&
      !packed.has(base);
    const readsSibling = base.inputs.some((read) => node.inputs.includes(read));
    const owner = free && !readsSibling ? base : copyOf(input, `place ${index} of ${node.attributes}`);
    packed.add(owner);
    return owner;
  });
  return node.withInputs(inputs);
}

function constantKey(data: ArrayLike<number>, numberOf: (thing: object) => number): string {
  if (data.length > 4096) return `#${numberOf(data as object)}`;
  return `=${Array.from(data).join(',')}`;
}

/** One rule applied at the top of a graph whose inputs are simple already; the node itself if none fits. */
function rewrite(node: Tensor, traits: AdapterTraits): Tensor {
  const { body, inputs, shape, dtype } = node;
  switch (body.kind) {
    case 'identity':
      return inputs[0]!;
    case 'composite':
      return body.lower(node, traits, ops);
    case 'reshape': {
      const [input] = inputs;
      if (sameShape(input!.shape, shape)) return input!;
      if (input!.body.kind === 'reshape') return reshape(input!.inputs[0]!, shape);
      return input!.body.kind === 'full' ? full(shape, input!.body.value, dtype) : node;
    }
    case 'view': {
      const [input] = inputs;
      const pads = body.axes.some(
        ({ source, start }, axis) =>
          source !== null && (start < 0 || start + shape[axis]! > input!.shape[source]!),
      );
      return input!.body.kind === 'full' && !pads ? full(shape, input!.body.value, dtype) : node;
    }
    case 'reduce': {
      const [input] = inputs;
      if (input!.body.kind === 'full' && !body.splits) {
        const count = sizeOf(input!.shape) / sizeOf(shape);
        return full(shape, input!.body.value * (body.combine === 'sum' ? count : 1), dtype);
      }
      return lowerReduce(node, body, traits);
    }
    case 'elementwise':
      return foldElementwise(node);
    default:
      return node;
  }
}

/** The value of a `full` node, else undefined. */
function fullValue(node: Tensor | undefined): number | undefined {
  return node?.body.kind === 'full' ? node.body.value : undefined;
}

function foldElementwise(node: Tensor): Tensor {
  const { body, inputs } = node;
  if (body.kind !== 'elementwise') return node;
  const values = inputs.map(fullValue);
  const constants = values.filter((value) => value !== undefined);
  if (body.evaluate && inputs.length > 0 && constants.length === inputs.length && node.dtype === 'f32') {
    return full(node.shape, body.evaluate(...constants), node.dtype);
  }
  const [a, b] = values;
  const [first, second] = inputs;
  switch (node.op) {
    case 'add':
      return a === 0 ? second! : b === 0 ? first! : node;
    case 'sub':
      return b === 0 ? first! : a === 0 ? ops.neg(second!) : node;
    case 'mul':
      return a === 1 ? second! : b === 1 ? first! : node;
    case 'div':
      return b === 1 ? first! : node;
    case 'neg':
      return first!.op === 'neg' ? first!.inputs[0]! : node;
    default:
      return node;
  }
}
