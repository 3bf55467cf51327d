/**
 * NumPy's .npy, version 1.0: a magic, a Python dictionary as text, padded to a multiple of 64 bytes, then the values.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';

/** The bytes before the values of an f32 array in row-major order. */
export function npyHeader(shape: readonly number[]): Uint8Array {
  // A tuple of one has a comma behind it.
  const tuple = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  const before = 10;
  const length = Math.ceil((before + text.length + 1) / 64) * 64;
  const header = new Uint8Array(length).fill(0x20);
  header.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  new DataView(header.buffer).setUint16(8, length - before, true);
  header.set(new TextEncoder().encode(text), before);
  header[length - 1] = 0x0a;
  return header;
}

/**
 * A .npy file written row by row, whose number of rows shows at the end: [rows, …shape of a row]. It has its name only
 * when it is whole.
 */
export class NpyWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #row: readonly number[];
  /** Room for any number of rows that JavaScript can count. */
  readonly #headerBytes: number;
  #rows = 0;

  private constructor(path: string, file: FileHandle, row: readonly number[]) {
    this.#path = path;
    this.#file = file;
    this.#row = row;
    this.#headerBytes = npyHeader([Number.MAX_SAFE_INTEGER, ...row]).length;
  }

  /** Throws an Error that says why where the file cannot be made. */
  static async create(path: string, row: readonly number[]): Promise<NpyWriter> {
    try {
      return new NpyWriter(path, await open(partOf(path), 'w'), row);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${path}: cannot be written: ${reason}; expected a path in a folder that exists`, {
        cause,
      });
    }
  }

  /** Appends whole rows, row-major. */
  async append(values: Float32Array): Promise<void> {
    const length = this.#row.reduce((product, extent) => product * extent, 1);
    if (values.length % length !== 0) {
      throw new RangeError(`${this.#path}: ${values.length} values are no whole rows of [${this.#row}]`);
    }
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    await this.#file.write(bytes, 0, bytes.length, this.#headerBytes + this.#rows * length * 4);
    this.#rows += values.length / length;
  }

  /** Ends the file and gives it its name. */
  async finish(): Promise<void> {
    const header = new Uint8Array(this.#headerBytes).fill(0x20);
    const exact = npyHeader([this.#rows, ...this.#row]);
    header.set(exact.subarray(0, exact.length - 1));
    header[header.length - 1] = 0x0a;
    new DataView(header.buffer).setUint16(8, header.length - 10, true);
    await this.#file.write(header, 0, header.length, 0);
    await this.#file.close();
    await rename(partOf(this.#path), this.#path);
  }

  /** Leaves nothing behind. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {});
    await rm(partOf(this.#path), { force: true });
  }
}

const partOf = (path: string) => `${path}.part`;
