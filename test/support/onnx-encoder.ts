/**
 * Writes ONNX models for tests, byte by byte from onnx.proto3 and the description of the wire format, and shares no code
 * with the reader under test.
 */

/** Concatenates. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function varint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

const utf8 = (text: string) => new TextEncoder().encode(text);

/** A field of wire type 0, 2 or 5. */
export const field = {
  integer: (number: number, value: number | bigint) => join(varint(number * 8), varint(value)),
  bytes: (number: number, value: Uint8Array) => join(varint(number * 8 + 2), varint(value.length), value),
  text: (number: number, value: string) => field.bytes(number, utf8(value)),
  float: (number: number, value: number) =>
    join(varint(number * 8 + 5), new Uint8Array(Float32Array.of(value).buffer)),
};

export type Encoding = 'raw' | 'typed' | 'half' | 'half-typed' | 'double' | 'double-typed' | 'bfloat';

/** A tensor to store. */
export interface EncodedTensor {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
  readonly type?: 'float' | 'int64';
  readonly encoding?: Encoding;
  /** Say that the values lie in another file. */
  readonly external?: boolean;
}

/** Half precision's bits of a number that it can hold. */
export function halfBits(value: number): number {
  const [bits = 0] = new Uint32Array(Float32Array.of(value).buffer);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 127 + 15;
  if (value === 0) return sign;
  if (exponent <= 0 || exponent >= 31) throw new RangeError(`${value} is no normal half`);
  return sign | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}

export function tensor(
  name: string,
  { dims, data, type = 'float', encoding = 'raw', external = false }: EncodedTensor,
): Uint8Array {
  const head = join(...dims.map((extent) => field.integer(1, extent)), field.text(8, name));
  const bytesOf = (view: ArrayBufferView) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const values = Array.from(data);
  if (external) {
    const entry = join(field.text(1, 'location'), field.text(2, '../../etc/passwd'));
    return join(head, field.integer(2, 1), field.bytes(13, entry), field.integer(14, 1));
  }
  if (type === 'int64') {
    const raw = bytesOf(BigInt64Array.from(values, (value) => BigInt(value)));
    const typed = field.bytes(7, join(...values.map(varint)));
    return join(head, field.integer(2, 7), encoding === 'typed' ? typed : field.bytes(9, raw));
  }
  const halves = () => Uint16Array.from(values, halfBits);
  switch (encoding) {
    case 'raw':
      return join(head, field.integer(2, 1), field.bytes(9, bytesOf(Float32Array.from(values))));
    case 'typed':
      return join(head, field.integer(2, 1), field.bytes(4, bytesOf(Float32Array.from(values))));
    case 'half':
      return join(head, field.integer(2, 10), field.bytes(9, bytesOf(halves())));
    case 'half-typed':
      return join(head, field.integer(2, 10), field.bytes(5, join(...Array.from(halves(), varint))));
    case 'double':
      return join(head, field.integer(2, 11), field.bytes(9, bytesOf(Float64Array.from(values))));
    case 'double-typed':
      return join(head, field.integer(2, 11), field.bytes(10, bytesOf(Float64Array.from(values))));
    case 'bfloat': {
      const bits = new Uint32Array(Float32Array.from(values).buffer);
      return join(
        head,
        field.integer(2, 16),
        field.bytes(9, bytesOf(Uint16Array.from(bits, (b) => b >>> 16))),
      );
    }
  }
}

/** An attribute's value: a whole number, `{ float }`, a text, a list of whole numbers, a tensor. */
export type Attribute = number | { readonly float: number } | string | readonly number[] | EncodedTensor;

function attribute(name: string, value: Attribute): Uint8Array {
  const head = field.text(1, name);
  if (typeof value === 'number') return join(head, field.integer(3, value), field.integer(20, 2));
  if (typeof value === 'string') return join(head, field.text(4, value), field.integer(20, 3));
  if (isList(value)) return join(head, ...value.map((item) => field.integer(8, item)), field.integer(20, 7));
  if ('float' in value) return join(head, field.float(2, value.float), field.integer(20, 1));
  return join(head, field.bytes(5, tensor('', value)), field.integer(20, 4));
}

function isList(value: Attribute): value is readonly number[] {
  return Array.isArray(value);
}

export interface EncodedNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export function node({
  operator,
  inputs,
  output,
  name = '',
  domain = '',
  attributes = {},
}: EncodedNode): Uint8Array {
  return join(
    ...inputs.map((input) => field.text(1, input)),
    field.text(2, output),
    field.text(3, name),
    field.text(4, operator),
    ...Object.entries(attributes).map(([key, value]) => field.bytes(5, attribute(key, value))),
    field.text(7, domain),
  );
}

/** A graph's input or output; a text is an extent with a name. */
export interface EncodedValue {
  readonly name: string;
  readonly dims: readonly (number | string)[];
  readonly type?: number;
}

function valueInfo({ name, dims, type = 1 }: EncodedValue): Uint8Array {
  const shape = join(
    ...dims.map((extent) =>
      field.bytes(1, typeof extent === 'number' ? field.integer(1, extent) : field.text(2, extent)),
    ),
  );
  return join(
    field.text(1, name),
    field.bytes(2, field.bytes(1, join(field.integer(1, type), field.bytes(2, shape)))),
  );
}

export interface EncodedModel {
  readonly nodes: readonly EncodedNode[];
  readonly initializers: Readonly<Record<string, EncodedTensor>>;
  readonly input: EncodedValue;
  readonly output: EncodedValue;
  readonly opset?: number;
  /** List the initializers as inputs too, as files before IR version 4 do. */
  readonly initializersAsInputs?: boolean;
}

export function model({
  nodes,
  initializers,
  input,
  output,
  opset = 17,
  initializersAsInputs,
}: EncodedModel): Uint8Array {
  const stored = Object.entries(initializers);
  const graph = join(
    ...nodes.map((each) => field.bytes(1, node(each))),
    field.text(2, 'graph'),
    ...stored.map(([name, value]) => field.bytes(5, tensor(name, value))),
    field.bytes(11, valueInfo(input)),
    ...(initializersAsInputs
      ? stored.map(([name, { dims, type }]) =>
          field.bytes(11, valueInfo({ name, dims, type: type === 'int64' ? 7 : 1 })),
        )
      : []),
    field.bytes(12, valueInfo(output)),
  );
  return join(
    field.integer(1, opset < 9 ? 3 : 8),
    field.text(2, 'facet-test'),
    field.bytes(7, graph),
    field.bytes(8, join(field.text(1, ''), field.integer(2, opset))),
  );
}
