/**
 * The safetensors format: u64 length of a JSON header, the header, then the tensors' bytes, little-endian
 * and without gaps. Works on bytes in memory, in any host.
 *
 *     {"__metadata__": {"key": "text"}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …}
 *
 * Weights come from strangers, so reading believes nothing: each way a file can be wrong is a SafetensorsError.
 */
import { floatToHalf, halfToFloat } from './half.ts';
import { duplicateKey } from './json-keys.ts';

/** Values of a tensor. F16 and BF16 arrive as f32; BOOL as bytes of 0 and 1. */
export type SafetensorsData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

export type SafetensorsDtype =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'I64'
  | 'U64'
  | 'I32'
  | 'U32'
  | 'I16'
  | 'U16'
  | 'I8'
  | 'U8'
  | 'BOOL';

export interface SafetensorsTensor {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  /** [] for a scalar. */
  readonly shape: readonly number[];
  /** Row-major, as many as the product of the shape; a copy, not a view of the file. */
  readonly data: SafetensorsData;
}

export interface SafetensorsFile {
  /** By name, in the order of their bytes. */
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
  /** The header's `__metadata__`. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** A file that is not safetensors as it should be, or does not hold what was expected of it. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError';
  /** The tensor at fault, where it is one. */
  readonly tensor: string | undefined;

  constructor(message: string, tensor?: string, options?: ErrorOptions) {
    super(message, options);
    this.tensor = tensor;
  }
}

/** The reference implementation's limit: a larger header is a forged length, not a list of tensors. */
const MAX_HEADER = 100_000_000;
const METADATA = '__metadata__';

interface Codec {
  /** Per element. */
  readonly bytes: number;
  readonly decode: (bytes: ArrayBuffer) => SafetensorsData;
}

// Typed arrays have the host's byte order. Every host with WebGPU is little-endian, as is the format.
const CODECS: { readonly [D in SafetensorsDtype]: Codec } = {
  F64: { bytes: 8, decode: (b) => new Float64Array(b) },
  F32: { bytes: 4, decode: (b) => new Float32Array(b) },
  F16: { bytes: 2, decode: (b) => Float32Array.from(new Uint16Array(b), halfToFloat) },
  BF16: {
    bytes: 2,
    decode: (b) => new Float32Array(Uint32Array.from(new Uint16Array(b), (x) => x << 16).buffer),
  },
  I64: { bytes: 8, decode: (b) => new BigInt64Array(b) },
  U64: { bytes: 8, decode: (b) => new BigUint64Array(b) },
  I32: { bytes: 4, decode: (b) => new Int32Array(b) },
  U32: { bytes: 4, decode: (b) => new Uint32Array(b) },
  I16: { bytes: 2, decode: (b) => new Int16Array(b) },
  U16: { bytes: 2, decode: (b) => new Uint16Array(b) },
  I8: { bytes: 1, decode: (b) => new Int8Array(b) },
  U8: { bytes: 1, decode: (b) => new Uint8Array(b) },
  BOOL: { bytes: 1, decode: (b) => new Uint8Array(b) },
};

/** Where a tensor's bytes lie, from the start of the data. */
interface Span {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a whole file. `label` is for messages. Throws a SafetensorsError where anything is amiss: a header that is
 * too long, not UTF-8 or not JSON, keys twice, unknown dtypes, shapes that do not fit their bytes, and tensors
 * that overlap, leave gaps or end elsewhere than the file.
 */
export function readSafetensors(file: Uint8Array, label = 'safetensors'): SafetensorsFile {
  const { header, dataStart } = readHeader(file, label);
  const metadata = readMetadata(header[METADATA], label);
  const spans: Span[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name !== METADATA) spans.push(readEntry(name, entry, label));
  }
  // Empty tensors share their offset with a neighbour; the earlier end goes first.
  spans.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(spans, file.length - dataStart, label);

  const tensors = new Map<string, SafetensorsTensor>();
  for (const { name, dtype, shape, begin, end } of spans) {
    const bytes = new Uint8Array(end - begin);
    bytes.set(file.subarray(dataStart + begin, dataStart + end));
    if (dtype === 'BOOL' && bytes.some((byte) => byte > 1)) {
      throw new SafetensorsError(`${label}: ${name}: a BOOL is 0 or 1, got another byte`, name);
    }
    tensors.set(name, { name, dtype, shape, data: CODECS[dtype].decode(bytes.buffer) });
  }
  return { tensors, metadata };
}

function readHeader(file: Uint8Array, label: string): { header: Record<string, unknown>; dataStart: number } {
  if (file.length < 8) {
    throw new SafetensorsError(`${label}: ${file.length} bytes are no safetensors file; expected at least 8`);
  }
  const length = new DataView(file.buffer, file.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER)) {
    throw new SafetensorsError(
      `${label}: a header of ${length} bytes; expected at most ${MAX_HEADER}. Is it a safetensors file?`,
    );
  }
  const dataStart = 8 + Number(length);
  if (dataStart > file.length) {
    throw new SafetensorsError(
      `${label}: the header should have ${length} bytes, and the file has ${file.length} in all; is it whole?`,
    );
  }
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(file.subarray(8, dataStart));
  } catch (cause) {
    throw new SafetensorsError(`${label}: the header is not UTF-8`, undefined, { cause });
  }
  try {
    header = JSON.parse(text);
  } catch (cause) {
    throw new SafetensorsError(`${label}: the header is not JSON: ${String(cause)}`, undefined, { cause });
  }
  if (!text.startsWith('{') || !isRecord(header)) {
    throw new SafetensorsError(`${label}: the header must be a JSON object that begins with {`);
  }
  // JSON.parse keeps the last of equal keys: a file that shows one tensor to us and another to other readers.
  const twice = duplicateKey(text);
  if (twice !== undefined)
    throw new SafetensorsError(`${label}: the header has the key ${twice} twice`, twice);
  return { header, dataStart };
}

function readMetadata(value: unknown, label: string): Map<string, string> {
  const metadata = new Map<string, string>();
  if (value === undefined) return metadata;
  if (!isRecord(value)) throw new SafetensorsError(`${label}: ${METADATA} must be an object of strings`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      throw new SafetensorsError(`${label}: ${METADATA} ${key} must be a string, got ${typeof text}`);
    }
    metadata.set(key, text);
  }
  return metadata;
}

function readEntry(name: string, entry: unknown, label: string): Span {
  const wrong = (problem: string): SafetensorsError =>
    new SafetensorsError(`${label}: ${name}: ${problem}`, name);
  if (!isRecord(entry)) throw wrong('expected an object with dtype, shape and data_offsets');
  const { dtype, shape, data_offsets: offsets, ...others } = entry;
  const [other] = Object.keys(others);
  if (other !== undefined) throw wrong(`has an unknown field ${other}`);
  if (!isDtype(dtype)) {
    throw wrong(`dtype must be one of ${Object.keys(CODECS).join(' ')}, got ${JSON.stringify(dtype)}`);
  }
  if (!isSizes(shape)) throw wrong(`shape must be whole numbers of at least 0, got ${JSON.stringify(shape)}`);
  if (!isSizes(offsets) || offsets.length !== 2) {
    throw wrong(`data_offsets must be [begin, end], got ${JSON.stringify(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  const bytes = countOf(shape) * CODECS[dtype].bytes;
  if (!Number.isSafeInteger(bytes)) throw wrong(`shape [${shape}] has more elements than can be counted`);
  if (end - begin !== bytes) {
    throw wrong(
      `${dtype} [${shape}] takes ${bytes} bytes, and data_offsets [${begin}, ${end}] give ${end - begin}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** Spans, in order, must cover the data exactly: no overlap, no gap, no rest. */
function checkCoverage(spans: readonly Span[], dataBytes: number, label: string): void {
  let covered = 0;
  let before = 'the header';
  for (const { name, begin, end } of spans) {
    if (end > dataBytes) {
      throw new SafetensorsError(
        `${label}: ${name}: data_offsets [${begin}, ${end}] go past the ${dataBytes} bytes of data; is the file whole?`,
        name,
      );
    }
    if (begin !== covered) {
      const kind = begin < covered ? 'overlap' : 'leave a gap after';
      throw new SafetensorsError(
        `${label}: ${name}: data_offsets [${begin}, ${end}] ${kind} ${before}, which ends at ${covered}`,
        name,
      );
    }
    covered = end;
    before = name;
  }
  if (covered !== dataBytes) {
    throw new SafetensorsError(`${label}: ${dataBytes - covered} bytes after ${before} belong to no tensor`);
  }
}

function countOf(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDtype(value: unknown): value is SafetensorsDtype {
  return typeof value === 'string' && Object.hasOwn(CODECS, value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** A tensor to write. Its dtype follows from its data's type. */
export interface WritableTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** A Uint8Array is written as U8; give `bool` for BOOL. BF16 is read but not written. */
  readonly data: SafetensorsData;
  readonly bool?: boolean;
  /** Writes a Float32Array as F16, each value rounded to the nearest. */
  readonly half?: boolean;
}

/**
 * Writes a file: the same bytes for the same tensors, metadata and order. Tensors lie in the order of their names
 * (UTF-16 code units), or as given with `order: 'given'`; metadata is sorted. The data begins at a multiple of 8
 * bytes. Throws a SafetensorsError for names twice or reserved, for shapes that do not fit the data, and for values that no half
 * can hold.
 */
export function writeSafetensors(
  tensors: readonly WritableTensor[],
  options: { readonly metadata?: Readonly<Record<string, string>>; readonly order?: 'name' | 'given' } = {},
): Uint8Array {
  const ordered = [...tensors];
  if (options.order !== 'given') ordered.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const names = new Set<string>();
  const fields: string[] = [];
  if (options.metadata) {
    const pairs = Object.entries(options.metadata).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const text of pairs.flat()) checkText(text, METADATA);
    fields.push(
      `"${METADATA}":{${pairs.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(',')}}`,
    );
  }
  let offset = 0;
  const contents: Uint8Array[] = [];
  for (const tensor of ordered) {
    const { name, shape, data } = tensor;
    checkText(name, name);
    if (name === METADATA || names.has(name)) {
      throw new SafetensorsError(
        `${name}: ${names.has(name) ? 'is given twice' : 'is a reserved name'}`,
        name,
      );
    }
    names.add(name);
    if (!isSizes(shape) || countOf(shape) !== data.length) {
      throw new SafetensorsError(`${name}: shape [${shape}] does not fit ${data.length} values`, name);
    }
    const content = bytesOf(tensor);
    contents.push(content);
    const end = offset + content.length;
    fields.push(
      `${JSON.stringify(name)}:{"dtype":"${dtypeOf(tensor)}","shape":[${shape}],"data_offsets":[${offset},${end}]}`,
    );
    offset = end;
  }

  const json = new TextEncoder().encode(`{${fields.join(',')}}`);
  const headerBytes = Math.ceil(json.length / 8) * 8;
  if (headerBytes > MAX_HEADER) {
    throw new SafetensorsError(`a header of ${headerBytes} bytes; the format allows ${MAX_HEADER}`);
  }
  const file = new Uint8Array(8 + headerBytes + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, 8, 8 + headerBytes);
  file.set(json, 8);
  let at = 8 + headerBytes;
  for (const content of contents) {
    file.set(content, at);
    at += content.length;
  }
  return file;
}

/** A tensor's bytes in the file. */
function bytesOf({ data, half, name }: WritableTensor): Uint8Array {
  if (!half) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (!(data instanceof Float32Array)) throw new SafetensorsError(`${name}: F16 takes a Float32Array`, name);
  const halves = Uint16Array.from(data, floatToHalf);
  const lost = data.findIndex((value, i) => Number.isFinite(value) && (halves[i]! & 0x7fff) === 0x7c00);
  if (lost >= 0) {
    throw new SafetensorsError(
      `${name}: ${data[lost]} is beyond what F16 holds (65504); write it as F32`,
      name,
    );
  }
  return new Uint8Array(halves.buffer);
}

/** Half of a surrogate pair cannot be UTF-8, so another reader would refuse the file. */
function checkText(text: string, tensor: string): void {
  if (/\p{Surrogate}/u.test(text)) {
    throw new SafetensorsError(`${JSON.stringify(text)} is not well-formed text`, tensor);
  }
}

function dtypeOf({ data, bool, half, name }: WritableTensor): SafetensorsDtype {
  if (bool) {
    if (data instanceof Uint8Array && data.every((byte) => byte <= 1)) return 'BOOL';
    throw new SafetensorsError(`${name}: BOOL takes a Uint8Array of 0 and 1`, name);
  }
  if (data instanceof Float32Array) return half ? 'F16' : 'F32';
  if (data instanceof Float64Array) return 'F64';
  if (data instanceof BigInt64Array) return 'I64';
  if (data instanceof BigUint64Array) return 'U64';
  if (data instanceof Int32Array) return 'I32';
  if (data instanceof Uint32Array) return 'U32';
  if (data instanceof Int16Array) return 'I16';
  if (data instanceof Uint16Array) return 'U16';
  return data instanceof Int8Array ? 'I8' : 'U8';
}
