/**
 * Protocol Buffers' wire format, as much as ONNX needs: a message is a list of fields, each a tag (number and wire type)
 * and a value. https://protobuf.dev/programming-guides/encoding/
 *
 * Files come from strangers: every length is checked against the bytes that are there, nothing is allocated by a
 * length that a file only claims, and messages are walked by their known types, so no input can recurse.
 */
import { OnnxError } from './error.ts';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** Longest varint: 64 bits, 7 a byte. */
const MOST_VARINT_BYTES = 10;

/** One field. Which getters are meant follows from the message's definition; another wire type is an error. */
export class Field {
  readonly number: number;
  readonly #wire: number;
  readonly #value: number | bigint;
  readonly #bytes: Uint8Array;
  readonly #where: string;

  constructor(number: number, wire: number, value: number | bigint, bytes: Uint8Array, where: string) {
    this.number = number;
    this.#wire = wire;
    this.#value = value;
    this.#bytes = bytes;
    this.#where = where;
  }

  /** int32, int64, enum, bool. Beyond 2^53 the nearest number: such are only used as "to the end". */
  integer(): number {
    if (this.#wire !== VARINT) throw this.#wrong('a whole number');
    return signed(this.#value);
  }

  /** An integer that must be one to count with. */
  count(): number {
    const value = this.integer();
    if (!Number.isSafeInteger(value) || value < 0) throw this.#wrong(`a count, got ${value}`);
    return value;
  }

  float(): number {
    if (this.#wire !== FIXED32) throw this.#wrong('a float');
    return viewOf(this.#bytes).getFloat32(0, true);
  }

  /** A view of the file. */
  bytes(): Uint8Array {
    if (this.#wire !== BYTES) throw this.#wrong('bytes');
    return this.#bytes;
  }

  text(): string {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(this.bytes());
    } catch (cause) {
      if (cause instanceof OnnxError) throw cause;
      throw new OnnxError(`${this.#where}: field ${this.number} is not UTF-8 text`, { cause });
    }
  }

  /** The fields of a message within this one. */
  message(where: string): Generator<Field> {
    return fields(this.bytes(), where);
  }

  /** repeated int64 or int32: packed, or one number of several. */
  integers(): number[] {
    if (this.#wire === VARINT) return [this.integer()];
    const reader = new Reader(this.bytes(), this.#where);
    const values: number[] = [];
    while (!reader.done) values.push(signed(reader.varint()));
    return values;
  }

  /** repeated float. */
  floats(): ArrayLike<number> {
    if (this.#wire === FIXED32) return [this.float()];
    return new Float32Array(copyOf(this.#aligned(4)));
  }

  /** repeated double. */
  doubles(): ArrayLike<number> {
    return new Float64Array(copyOf(this.#wire === FIXED64 ? this.#bytes : this.#aligned(8)));
  }

  #aligned(size: number): Uint8Array {
    const bytes = this.bytes();
    if (bytes.length % size !== 0) throw this.#wrong(`values of ${size} bytes, got ${bytes.length} bytes`);
    return bytes;
  }

  #wrong(expected: string): OnnxError {
    return new OnnxError(
      `${this.#where}: field ${this.number} should hold ${expected}; the file is damaged, or no ONNX graph`,
    );
  }
}

/** The fields of a message, in the file's order. Throws an OnnxError where the bytes are no message. */
export function* fields(bytes: Uint8Array, where: string): Generator<Field> {
  const reader = new Reader(bytes, where);
  while (!reader.done) {
    const tag = reader.varint();
    if (typeof tag !== 'number' || tag < 8 || tag >= 2 ** 32) throw reader.wrong(`has no field ${tag}`);
    const wire = tag % 8;
    const number = (tag - wire) / 8;
    switch (wire) {
      case VARINT:
        yield new Field(number, wire, reader.varint(), NOTHING, where);
        break;
      case FIXED64:
        yield new Field(number, wire, 0, reader.take(8), where);
        break;
      case BYTES:
        yield new Field(number, wire, 0, reader.take(Number(reader.varint())), where);
        break;
      case FIXED32:
        yield new Field(number, wire, 0, reader.take(4), where);
        break;
      default:
        throw reader.wrong(`has a field ${number} of the unknown wire type ${wire}`);
    }
  }
}

const NOTHING = new Uint8Array();

class Reader {
  readonly #bytes: Uint8Array;
  readonly #where: string;
  #at = 0;

  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes;
    this.#where = where;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Unsigned; a bigint only where a number could not hold it. */
  varint(): number | bigint {
    let low = 0;
    // Seven bytes hold 49 bits. Nearly all numbers are shorter, and BigInt is slow.
    for (let i = 0; i < 7; i++) {
      const byte = this.#byte();
      low += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return low;
    }
    let value = BigInt(low);
    for (let i = 7; i < MOST_VARINT_BYTES; i++) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return value;
    }
    throw this.wrong('has a number of more than 64 bits');
  }

  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) {
      throw this.wrong(`promises ${length} bytes where ${this.#bytes.length - this.#at} are left`);
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw this.wrong('ends within a number');
    return byte;
  }

  wrong(problem: string): OnnxError {
    return new OnnxError(`${this.#where}: ${problem}; the file is damaged, or no ONNX graph`);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Two's complement of 64 bits. */
function signed(value: number | bigint): number {
  return typeof value === 'number' ? value : Number(BigInt.asIntN(64, value));
}

/** The bytes on their own: in the file they begin anywhere, and typed arrays want multiples of their size. */
function copyOf(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}
