/**
 * ONNX's messages, as much of them as a network needs (onnx.proto3, https://github.com/onnx/onnx): field numbers are its.
 * Strings are capped and counts are bounded, so that what is read is never much larger than the file.
 */
import { OnnxError } from './error.ts';
import { type Field, fields } from './wire.ts';

/** A model's parts that matter here. */
export interface OnnxModel {
  readonly graph: OnnxGraph;
  /** Version of the default operator set. */
  readonly opset: number;
  /** Who wrote it: `pytorch 2.1.0`. Empty where the file does not say. */
  readonly producer: string;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  /** Initializers that older files also list as inputs are not among them. */
  readonly inputs: readonly OnnxInput[];
  readonly outputs: readonly string[];
}

export interface OnnxNode {
  /** The file's name for it, or its place in the graph: for messages. */
  readonly label: string;
  readonly operator: string;
  /** Empty for ONNX's own operators. */
  readonly domain: string;
  /** An empty name is an input left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

export interface OnnxAttribute {
  readonly float?: number;
  readonly integer?: number;
  readonly text?: string;
  readonly tensor?: OnnxTensor;
  readonly floats: ArrayLike<number>;
  readonly integers: ArrayLike<number>;
  /** Subgraphs, sparse tensors and what else has no meaning in a plain network. */
  readonly other: boolean;
}

/** A tensor as the file stores it; tensor.ts makes numbers of it. */
export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** TensorProto.DataType. */
  readonly type: number;
  /** Little-endian bytes, where the values are stored so. */
  readonly raw: Uint8Array | undefined;
  readonly floats: ArrayLike<number>;
  readonly doubles: ArrayLike<number>;
  /** int32_data and int64_data: integers, halves' bits, booleans. */
  readonly integers: ArrayLike<number>;
  /** The values lie in another file. */
  readonly external: boolean;
}

export interface OnnxInput {
  readonly name: string;
  /** TensorProto.DataType; undefined where it is no tensor. */
  readonly type: number | undefined;
  /** Undefined for an extent that is left open or has a name, such as `batch`. */
  readonly dims: readonly (number | undefined)[];
}

/** More than any network of faces has, and few enough to walk in a moment. */
const MOST_NODES = 20_000;
const MOST_TENSORS = 20_000;
const MOST_NAMES = 1000;
const MOST_DIMS = 8;
const LONGEST_NAME = 4096;

/** Reads a model. Throws an OnnxError for bytes that are none, subgraphs aside, and for graphs past all measure. */
export function readModel(bytes: Uint8Array): OnnxModel {
  let graph: OnnxGraph | undefined;
  let opset: number | undefined;
  let producer = '';
  for (const field of fields(bytes, 'the model')) {
    if (field.number === 2) producer = name(field);
    else if (field.number === 3) producer = `${producer} ${name(field)}`.trim();
    else if (field.number === 7) {
      if (graph) throw new OnnxError('the model has two graphs; the file is damaged, or no ONNX graph');
      graph = readGraph(field);
    } else if (field.number === 8) opset = readOperatorSet(field) ?? opset;
  }
  if (!graph) throw new OnnxError('has no graph; expected an ONNX model, is the file whole?');
  if (opset === undefined) {
    throw new OnnxError("does not say which version of ONNX's operators it uses; expected an opset_import");
  }
  return { graph, opset, producer };
}

/** The version of ONNX's own operators; undefined for another domain's. */
function readOperatorSet(message: Field): number | undefined {
  let domain = '';
  let version = 0;
  for (const field of message.message('an operator set')) {
    if (field.number === 1) domain = name(field);
    else if (field.number === 2) version = field.count();
  }
  return domain === '' || domain === 'ai.onnx' ? version : undefined;
}

function readGraph(message: Field): OnnxGraph {
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, OnnxTensor>();
  const inputs: OnnxInput[] = [];
  const outputs: string[] = [];
  for (const field of message.message('the graph')) {
    switch (field.number) {
      case 1:
        bound('nodes', nodes.length, MOST_NODES);
        nodes.push(readNode(field, nodes.length));
        break;
      case 5: {
        bound('initializers', initializers.size, MOST_TENSORS);
        const tensor = readTensor(field);
        if (initializers.has(tensor.name)) {
          throw new OnnxError(`two initializers are called ${tensor.name}; expected each name once`);
        }
        initializers.set(tensor.name, tensor);
        break;
      }
      case 15:
        throw new OnnxError(
          'has sparse initializers, which facet does not read; export it with dense weights',
        );
      case 11:
        bound('inputs', inputs.length, MOST_TENSORS);
        inputs.push(readValue(field));
        break;
      case 12:
        bound('outputs', outputs.length, MOST_NAMES);
        outputs.push(readValue(field).name);
        break;
    }
  }
  return { nodes, initializers, inputs: inputs.filter((input) => !initializers.has(input.name)), outputs };
}

function readNode(message: Field, index: number): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, OnnxAttribute>();
  let [label, operator, domain] = ['', '', ''];
  for (const field of message.message(`node ${index}`)) {
    if (field.number === 1) inputs.push(name(field));
    else if (field.number === 2) outputs.push(name(field));
    else if (field.number === 3) label = name(field);
    else if (field.number === 4) operator = name(field);
    else if (field.number === 5) {
      const [key, attribute] = readAttribute(field);
      attributes.set(key, attribute);
    } else if (field.number === 7) domain = name(field);
    bound(`inputs and outputs at node ${index}`, inputs.length + outputs.length, MOST_NAMES);
  }
  if (domain === 'ai.onnx') domain = '';
  return { label: label === '' ? `${index}` : label, operator, domain, inputs, outputs, attributes };
}

function readAttribute(message: Field): [string, OnnxAttribute] {
  let key = '';
  const value: { -readonly [Key in keyof OnnxAttribute]: OnnxAttribute[Key] } = {
    floats: [],
    integers: [],
    other: false,
  };
  for (const field of message.message('an attribute')) {
    if (field.number === 1) key = name(field);
    else if (field.number === 2) value.float = field.float();
    else if (field.number === 3) value.integer = field.integer();
    else if (field.number === 4) value.text = name(field);
    else if (field.number === 5) value.tensor = readTensor(field);
    else if (field.number === 7) value.floats = joined(value.floats, field.floats());
    else if (field.number === 8) value.integers = joined(value.integers, field.integers());
    // 13 is a comment, 20 the type, which the value's own field tells as well.
    else if (field.number !== 13 && field.number !== 20) value.other = true;
  }
  return [key, value];
}

function readTensor(message: Field): OnnxTensor {
  let label = '';
  let type = 0;
  let raw: Uint8Array | undefined;
  let external = false;
  const dims: number[] = [];
  let floats: ArrayLike<number> = [];
  let doubles: ArrayLike<number> = [];
  let integers: ArrayLike<number> = [];
  for (const field of message.message('a tensor')) {
    switch (field.number) {
      case 1:
        for (const extent of field.integers()) dims.push(checkExtent(extent));
        bound("a tensor's dimensions", dims.length, MOST_DIMS);
        break;
      case 2:
        type = field.count();
        break;
      case 4:
        floats = joined(floats, field.floats());
        break;
      case 5:
      case 7:
      case 11:
        integers = joined(integers, field.integers());
        break;
      case 8:
        label = name(field);
        break;
      case 9:
        raw = field.bytes();
        break;
      case 10:
        doubles = joined(doubles, field.doubles());
        break;
      case 13:
        external = true;
        break;
      case 14:
        external ||= field.count() === 1;
        break;
    }
  }
  return { name: label, dims, type, raw, floats, doubles, integers, external };
}

/** ValueInfoProto → its tensor type: name, element type, shape. */
function readValue(message: Field): OnnxInput {
  let label = '';
  let type: number | undefined;
  let dims: (number | undefined)[] = [];
  for (const field of message.message('an input or output')) {
    if (field.number === 1) label = name(field);
    else if (field.number === 2) {
      for (const kind of field.message('a type')) {
        if (kind.number !== 1) continue;
        for (const part of kind.message('a tensor type')) {
          if (part.number === 1) type = part.count();
          else if (part.number === 2) dims = readShape(part);
        }
      }
    }
  }
  return { name: label, type, dims };
}

function readShape(message: Field): (number | undefined)[] {
  const dims: (number | undefined)[] = [];
  for (const field of message.message('a shape')) {
    if (field.number !== 1) continue;
    let extent: number | undefined;
    for (const part of field.message('a dimension')) {
      // Exporters write −1 or 0 for what is open.
      if (part.number === 1) extent = part.integer();
    }
    dims.push(extent !== undefined && extent > 0 ? extent : undefined);
    bound("a shape's dimensions", dims.length, MOST_DIMS);
  }
  return dims;
}

function name(field: Field): string {
  const bytes = field.bytes();
  if (bytes.length > LONGEST_NAME) {
    throw new OnnxError(`has a name of ${bytes.length} bytes; expected at most ${LONGEST_NAME}`);
  }
  return field.text();
}

function checkExtent(extent: number): number {
  if (Number.isSafeInteger(extent) && extent >= 0) return extent;
  throw new OnnxError(`a tensor has the extent ${extent}; expected a whole number of at least 0`);
}

/** Fields may repeat, each with a part of the values; usually one has all. */
function joined(before: ArrayLike<number>, more: ArrayLike<number>): ArrayLike<number> {
  if (before.length === 0) return more;
  // Unpacked numbers come one to a field: appended in place, or reading them would take quadratic time.
  const list: number[] = Array.isArray(before) ? before : Array.from(before);
  for (let i = 0; i < more.length; i++) list.push(more[i]!);
  return list;
}

function bound(what: string, count: number, most: number): void {
  if (count > most) throw new OnnxError(`has more than ${most} ${what}; that is no network of faces`);
}
