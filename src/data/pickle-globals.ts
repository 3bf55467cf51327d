/**
 * The globals that pickles of bytes and NumPy arrays name, and what each would have made. A table of names, each
 * with a function of this file: nothing is looked up anywhere else.
 */
import type { DataError } from './errors.ts';
import { elementOf, PickleArray, PickleDtype, PickleGlobal, type PickleValue } from './pickle-values.ts';

/** What the makers share: errors that know their place, and a budget for the bytes that they copy. */
export class PickleParts {
  /** Makes an error of what is wrong. */
  readonly error: (problem: string) => DataError;
  #budget: number;

  /** A pickle can recall one text many times and ask for bytes of it each time; honest ones hold each once. */
  constructor(fileBytes: number, error: (problem: string) => DataError) {
    this.error = error;
    this.#budget = 2 * fileBytes;
  }

  spend(bytes: number): void {
    this.#budget -= bytes;
    if (this.#budget < 0) throw this.error('asks for more copies of its text than it could need');
  }
}

type Maker = (given: readonly PickleValue[], parts: PickleParts) => PickleValue;

/** numpy 1 keeps its core in numpy.core, numpy 2 in numpy._core. */
const NUMPY_CORE = ['numpy.core', 'numpy._core'];

const MAKERS: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ['_codecs.encode', encode],
  ['__builtin__.bytes', emptyBytes],
  ['builtins.bytes', emptyBytes],
  ['numpy.ndarray', refuse],
  ['numpy.dtype', makeDtype],
  ...NUMPY_CORE.flatMap((core): [string, Maker][] => [
    [`${core}.multiarray._reconstruct`, emptyArray],
    [`${core}.multiarray.scalar`, makeScalar],
    [`${core}.numeric._frombuffer`, arrayOfBuffer],
  ]),
]);

/** Whether a pickle may name this global. */
export function isCallable(module: string, name: string): boolean {
  return MAKERS.has(`${module}.${name}`);
}

/** What a call of the global would have made. Throws a DataError for arguments that it is never given. */
export function callGlobal(
  { module, name }: PickleGlobal,
  given: readonly PickleValue[],
  parts: PickleParts,
): PickleValue {
  const make = MAKERS.get(`${module}.${name}`);
  if (!make) throw parts.error(`names the global ${module}.${name}`);
  return make(given, parts);
}

/** Gives an array or a dtype the state that NumPy's `__setstate__` takes. */
export function setState(target: PickleValue, state: PickleValue, parts: PickleParts): void {
  if (!Array.isArray(state)) throw parts.error('sets a state that is no tuple');
  if (target instanceof PickleDtype) {
    // (version, byte order, subdtype, names, fields, size, alignment, flags[, metadata])
    const order = textOf(state[1]);
    if (order !== '<' && order !== '>' && order !== '|' && order !== '=') {
      throw parts.error('sets a byte order of an array that is none');
    }
    if (state[2] !== null || state[3] !== null || state[4] !== null) {
      throw parts.error('has an array of records; expected one of plain bytes or numbers');
    }
    target.littleEndian = order !== '>';
  } else if (target instanceof PickleArray) {
    // (version, shape, dtype, whether in Fortran's order, data)
    fillArray(target, state[1], state[2], state[4], parts);
  } else throw parts.error('sets the state of something that is neither an array nor its type');
}

/** `_codecs.encode(text, 'latin1')`: how protocols 0 to 2 hold Python 3's bytes. */
function encode(given: readonly PickleValue[], parts: PickleParts): Uint8Array {
  const [text, coding] = given;
  if (typeof text !== 'string' || !/^latin-?1$/.test(textOf(coding) ?? '')) {
    throw parts.error('encodes something else than text as latin1');
  }
  parts.spend(text.length);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) throw parts.error('has bytes held as text with a character beyond 255');
    bytes[i] = code;
  }
  return bytes;
}

/** `bytes()`: how protocols 0 to 2 hold none. */
function emptyBytes(given: readonly PickleValue[], parts: PickleParts): Uint8Array {
  if (given.length > 0) throw parts.error('makes bytes of something');
  return new Uint8Array(0);
}

function refuse(_given: readonly PickleValue[], parts: PickleParts): never {
  throw parts.error('makes an array in a way that pickles of arrays do not');
}

/** `_reconstruct(ndarray, (0,), b'b')`: an array that its state will fill. */
function emptyArray(given: readonly PickleValue[], parts: PickleParts): PickleArray {
  const [type] = given;
  if (!(type instanceof PickleGlobal) || type.module !== 'numpy' || type.name !== 'ndarray') {
    throw parts.error('reconstructs something else than a numpy.ndarray');
  }
  return new PickleArray();
}

/** `dtype('u1', False, True)`. */
function makeDtype(given: readonly PickleValue[], parts: PickleParts): PickleDtype {
  const text = textOf(given[0]) ?? '';
  const [, order = '', kind, size] = /^([<>|=]?)([buifO])(\d?)$/.exec(text) ?? [];
  if (kind === undefined || (kind !== 'O' && size === '')) {
    throw parts.error(
      `has an array of type ${JSON.stringify(text.slice(0, 20))}; expected bytes, numbers or booleans`,
    );
  }
  const dtype = new PickleDtype(kind, Number(size || 8));
  dtype.littleEndian = order !== '>';
  return dtype;
}

/** `scalar(dtype, bytes)`: a NumPy number or boolean by itself. */
function makeScalar(given: readonly PickleValue[], parts: PickleParts): number | boolean {
  const [dtype, bytes] = given;
  if (!(dtype instanceof PickleDtype)) throw parts.error('has a NumPy number without its type');
  const array = new PickleArray();
  fillArray(array, [1], dtype, bytes ?? null, parts);
  const value = elementOf(array, 0);
  if (value === undefined) throw parts.error(`has a NumPy value of type ${dtype.kind}${dtype.size}`);
  return dtype.kind === 'b' ? value !== 0 : value;
}

/** `_frombuffer(bytes, dtype, shape, 'C')`: how protocol 5 holds arrays. */
function arrayOfBuffer(given: readonly PickleValue[], parts: PickleParts): PickleArray {
  const [buffer, dtype, shape] = given;
  const array = new PickleArray();
  fillArray(array, shape, dtype, buffer, parts);
  return array;
}

function fillArray(
  array: PickleArray,
  shape: PickleValue | undefined,
  dtype: PickleValue | undefined,
  data: PickleValue | undefined,
  parts: PickleParts,
): void {
  if (!Array.isArray(shape) || shape.length > 32 || !shape.every(isSize)) {
    throw parts.error('has an array whose shape is none');
  }
  if (!(dtype instanceof PickleDtype)) throw parts.error('has an array without a type');
  const elements = shape.reduce((product, size) => product * size, 1);
  const bytes = dtype.kind === 'O' ? data : typeof data === 'string' ? encode([data, 'latin1'], parts) : data;
  const length = bytes instanceof Uint8Array ? bytes.length : Array.isArray(bytes) ? bytes.length : -1;
  const expected = dtype.kind === 'O' ? elements : elements * dtype.size;
  if (Array.isArray(bytes) !== (dtype.kind === 'O') || length !== expected) {
    throw parts.error(`has an array of shape [${shape}] whose data does not fit it`);
  }
  array.shape = shape;
  array.dtype = dtype;
  array.data = bytes as Uint8Array | PickleValue[];
}

function isSize(value: PickleValue): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Text, or Python 2's bytes as text. */
function textOf(value: PickleValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (!(value instanceof Uint8Array) || value.length > 100) return undefined;
  return String.fromCharCode(...value);
}
