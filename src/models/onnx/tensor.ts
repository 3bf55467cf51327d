/** Constant tensors: initializers, attributes and what is computed from them before any image is seen. */
import { halfToFloat } from '../half.ts';
import { OnnxError } from './error.ts';
import type { OnnxTensor } from './proto.ts';

/** A constant, row-major. Integers are numbers too: they are shapes and indices, far below 2^53. */
export interface Constant {
  readonly kind: 'constant';
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
  /** Whether the file calls it a whole number: division of such rounds. */
  readonly integer: boolean;
}

interface Codec {
  readonly name: string;
  readonly bytes: number;
  readonly integer: boolean;
  /** From little-endian bytes. */
  readonly decode: (bytes: ArrayBuffer) => ArrayLike<number>;
  /** From typed fields. */
  readonly typed: (tensor: OnnxTensor) => ArrayLike<number>;
}

const integers = (tensor: OnnxTensor): ArrayLike<number> => tensor.integers;
const halves = (bits: ArrayLike<number>): Float32Array => Float32Array.from(bits, halfToFloat);
const brains = (bits: ArrayLike<number>): Float32Array =>
  new Float32Array(Uint32Array.from(bits, (value) => value << 16).buffer);

/** TensorProto.DataType → how its values lie. Typed arrays have the host's byte order, which is little-endian. */
const CODECS: ReadonlyMap<number, Codec> = new Map([
  [
    1,
    { name: 'float', bytes: 4, integer: false, decode: (b) => new Float32Array(b), typed: (t) => t.floats },
  ],
  [2, { name: 'uint8', bytes: 1, integer: true, decode: (b) => new Uint8Array(b), typed: integers }],
  [3, { name: 'int8', bytes: 1, integer: true, decode: (b) => new Int8Array(b), typed: integers }],
  [6, { name: 'int32', bytes: 4, integer: true, decode: (b) => new Int32Array(b), typed: integers }],
  [
    7,
    {
      name: 'int64',
      bytes: 8,
      integer: true,
      decode: (b) => Float64Array.from(new BigInt64Array(b), Number),
      typed: integers,
    },
  ],
  [9, { name: 'bool', bytes: 1, integer: true, decode: (b) => new Uint8Array(b), typed: integers }],
  [
    10,
    {
      name: 'float16',
      bytes: 2,
      integer: false,
      decode: (b) => halves(new Uint16Array(b)),
      typed: (t) => halves(t.integers),
    },
  ],
  [
    11,
    { name: 'double', bytes: 8, integer: false, decode: (b) => new Float64Array(b), typed: (t) => t.doubles },
  ],
  [
    16,
    {
      name: 'bfloat16',
      bytes: 2,
      integer: false,
      decode: (b) => brains(new Uint16Array(b)),
      typed: (t) => brains(t.integers),
    },
  ],
] satisfies [number, Codec][]);

/** Data types whose values facet can compute with, as a graph's input may have them. */
export function isFloatType(type: number): boolean {
  const codec = CODECS.get(type);
  return codec !== undefined && !codec.integer;
}

/** The number that ONNX gives to a type's name, for messages. */
export function typeName(type: number | undefined): string {
  return type === undefined ? 'no tensor' : (CODECS.get(type)?.name ?? `data type ${type}`);
}

/** A stored tensor's numbers. Throws an OnnxError for unknown types, external data and values that do not fill the shape. */
export function readConstant(tensor: OnnxTensor, what = `tensor ${tensor.name}`): Constant {
  if (tensor.external) {
    throw new OnnxError(
      `${what} lies in another file (external data), which facet does not read; ` +
        'save the model in one file, in Python with onnx.save_model(onnx.load(path), single_path)',
    );
  }
  const codec = CODECS.get(tensor.type);
  if (!codec) {
    const known = [...CODECS.values()].map(({ name }) => name).join(', ');
    throw new OnnxError(`${what} has the data type ${tensor.type}; expected one of ${known}`);
  }
  const count = countOf(tensor.dims);
  const data = tensor.raw?.length ? decode(tensor.raw, codec, count, what) : codec.typed(tensor);
  if (data.length !== count) {
    throw new OnnxError(
      `${what}: ${codec.name} [${tensor.dims}] has ${count} values, the file holds ${data.length}; is it whole?`,
    );
  }
  return { kind: 'constant', dims: tensor.dims, data, integer: codec.integer };
}

function decode(raw: Uint8Array, codec: Codec, count: number, what: string): ArrayLike<number> {
  if (raw.length !== count * codec.bytes) {
    throw new OnnxError(
      `${what}: ${count} values of ${codec.name} take ${count * codec.bytes} bytes, the file holds ${raw.length}; is it whole?`,
    );
  }
  const bytes = new ArrayBuffer(raw.length);
  new Uint8Array(bytes).set(raw);
  return codec.decode(bytes);
}

/** A constant made here. */
export function constantOf(data: ArrayLike<number>, dims: readonly number[], integer: boolean): Constant {
  return { kind: 'constant', dims, data, integer };
}

/** Product of extents; 1 for a scalar. */
export function countOf(dims: readonly number[]): number {
  return dims.includes(0) ? 0 : dims.reduce((product, extent) => product * extent, 1);
}
