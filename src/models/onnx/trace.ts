/** Walks a graph once and leaves a plan: constants computed, axes renamed, everything else a step. */
import { type Activation, dimsOf, IMAGE_AXES, type Value } from './activation.ts';
import { OnnxError } from './error.ts';
import { NodeView, type Trace } from './node.ts';
import { OPERATORS } from './operators/index.ts';
import type { Step } from './plan.ts';
import type { OnnxGraph, OnnxInput, OnnxModel, OnnxNode } from './proto.ts';
import { isFloatType, readConstant, typeName } from './tensor.ts';

/** What a graph computes of an image. */
export interface TracedNetwork {
  readonly steps: readonly Step[];
  /** What the steps end in: [batch, features], or the same with axes of one behind. */
  readonly output: Activation;
  readonly inputSize: readonly [number, number];
  /** Whether the graph itself begins by subtracting from pixels and scaling them, so that it takes them as bytes. */
  readonly standardizes: boolean;
}

export interface TraceOptions {
  /** [height, width], where the graph leaves them open. */
  readonly inputSize?: readonly [number, number];
}

const OLDEST_OPSET = 7;
const NEWEST_OPSET = 26;
/** Values that may be computed beyond those in the file: shapes, scales and shifts, the gaps of dilated kernels. */
const FOLDING_BUDGET = 2 ** 22;
/** Images of faces are a tenth of this; beyond, sizes are forged. */
const MOST_PIXELS = 1024;
/** Where the graph leaves them open and nothing else is asked. */
const DEFAULT_SIZE: readonly [number, number] = [112, 112];

/**
 * Reads a graph as a function of one image. Throws an OnnxError that names the node where it cannot: an operator that
 * facet does not compute, or one used as it cannot be.
 */
export function traceGraph({ graph, opset }: OnnxModel, options: TraceOptions = {}): TracedNetwork {
  if (opset < OLDEST_OPSET || opset > NEWEST_OPSET) {
    throw new OnnxError(
      `uses version ${opset} of ONNX's operators; facet knows ${OLDEST_OPSET} to ${NEWEST_OPSET}, so export it anew or convert it (onnx.version_converter)`,
    );
  }
  const [wanted] = graph.outputs;
  if (wanted === undefined) throw new OnnxError('has no output');
  const trace: Trace = { steps: [], budget: FOLDING_BUDGET };
  const { input, size } = readInput(graph, trace, options.inputSize ?? DEFAULT_SIZE);
  const values = new Map<string, Value>([input]);
  const find = (name: string): Value | undefined => {
    const known = values.get(name);
    if (known) return known;
    const stored = graph.initializers.get(name);
    if (!stored) return undefined;
    const constant = readConstant(stored);
    values.set(name, constant);
    return constant;
  };

  for (const node of neededNodes(graph, wanted)) {
    const inputs = node.inputs.map((name) =>
      name === '' ? undefined : requireValue(find(name), name, node),
    );
    const [output] = node.outputs;
    if (output !== undefined) values.set(output, operatorOf(node).apply(new NodeView(node, inputs, trace)));
  }

  const output = requireValue(find(wanted), wanted, undefined);
  const [, features = 0, ...ones] = dimsOf(output);
  if (output.kind !== 'activation' || features < 1 || ones.some((extent) => extent !== 1)) {
    throw new OnnxError(
      `its output ${wanted} is [${dimsOf(output)}]; expected the features of a face, [batch, features]`,
    );
  }
  return { steps: trace.steps, output, inputSize: size, standardizes: standardizes(graph, input[0]) };
}

/** Whether only arithmetic reads the image, and shifts it as well as scales it. */
function standardizes({ nodes }: OnnxGraph, input: string): boolean {
  const found = new Set<string>();
  let name = input;
  for (let step = 0; step < 4; step++) {
    const [reader, ...others] = nodes.filter(({ inputs }) => inputs.includes(name));
    const kind = { Sub: 'shift', Add: 'shift', Mul: 'scale', Div: 'scale' }[reader?.operator ?? ''];
    const [output] = reader?.outputs ?? [];
    if (!kind || others.length > 0 || output === undefined) break;
    found.add(kind);
    name = output;
  }
  return found.size === 2;
}

/** The image as the first step, and its size. */
function readInput(
  graph: OnnxGraph,
  trace: Trace,
  otherwise: readonly [number, number],
): { readonly input: [string, Activation]; readonly size: readonly [number, number] } {
  const [only, ...more] = graph.inputs;
  if (!only || more.length > 0) {
    const names = graph.inputs.map(({ name }) => name).join(', ');
    throw new OnnxError(`has ${graph.inputs.length} inputs (${names}); expected one, the image`);
  }
  const { name, type, dims } = only;
  if (type === undefined || !isFloatType(type)) {
    throw new OnnxError(`its input ${name} is of ${typeName(type)}; expected an image of floats`);
  }
  const [batch = 1, ...image] = dims.length === 0 ? [undefined, 3, undefined, undefined] : dims;
  const layout = imageLayout(only, image);
  const [height = otherwise[0], width = otherwise[1]] =
    layout === 'nchw' ? [image[1], image[2]] : [image[0], image[1]];
  if (!(height <= MOST_PIXELS && width <= MOST_PIXELS)) {
    throw new OnnxError(`takes images of ${height}×${width}; expected at most ${MOST_PIXELS} pixels a side`);
  }
  const extents = { h: height, w: width, c: 3 };
  trace.steps.push({ operation: { kind: 'input' }, extents, label: name });
  const axes: Activation['axes'] = layout === 'nchw' ? IMAGE_AXES : [['h'], ['w'], ['c']];
  return { input: [name, { kind: 'activation', step: 0, batch, extents, axes }], size: [height, width] };
}

function imageLayout({ name, dims }: OnnxInput, image: readonly (number | undefined)[]): 'nchw' | 'nhwc' {
  if (image.length === 3 && (image[0] === 3 || (image[0] === undefined && image[2] !== 3))) return 'nchw';
  if (image.length === 3 && image[2] === 3) return 'nhwc';
  const shown = dims.map((extent) => extent ?? '?').join(', ');
  throw new OnnxError(`its input ${name} is [${shown}]; expected an image [batch, 3, height, width]`);
}

/** The nodes that the output follows from, in the file's order, which is one in which they can be computed. */
function neededNodes(graph: OnnxGraph, wanted: string): OnnxNode[] {
  const makers = new Map<string, OnnxNode>();
  for (const node of graph.nodes) {
    for (const output of node.outputs) {
      if (output === '') continue;
      const other = makers.get(output);
      if (other) throw new OnnxError(`nodes ${other.label} and ${node.label} both make ${output}`);
      makers.set(output, node);
    }
  }
  const needed = new Set<OnnxNode>();
  const open = [wanted];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const maker = makers.get(name);
    if (!maker || needed.has(maker)) continue;
    needed.add(maker);
    open.push(...maker.inputs);
  }
  return graph.nodes.filter((node) => needed.has(node));
}

function operatorOf(node: OnnxNode) {
  const operator =
    node.domain === '' && Object.hasOwn(OPERATORS, node.operator) ? OPERATORS[node.operator] : undefined;
  if (!operator) {
    const whose = node.domain === '' ? '' : ` of ${node.domain}`;
    throw new OnnxError(
      `node ${node.label}: facet does not compute the operator ${node.operator}${whose}; it knows ${Object.keys(OPERATORS).join(', ')}`,
    );
  }
  for (const name of node.attributes.keys()) {
    if (operator.attributes?.includes(name)) continue;
    throw new OnnxError(
      `node ${node.label} (${node.operator}): has an attribute ${name} that facet does not know`,
    );
  }
  return operator;
}

function requireValue(value: Value | undefined, name: string, node: OnnxNode | undefined): Value {
  if (value) return value;
  const who = node ? `node ${node.label} (${node.operator})` : 'the output';
  throw new OnnxError(`${who}: nothing before it makes ${name}`);
}
