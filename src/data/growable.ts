/** Lists of numbers that grow, for indexes of millions of images: a JS array of objects would take ten times as much. */

interface NumberArray<Self> {
  [index: number]: number;
  readonly length: number;
  set(source: ArrayLike<number>): void;
  slice(start: number, end: number): Self;
}

/** A typed array that doubles when it is full. Memory is at most twice what was pushed, plus 8 KiB. */
class Growable<Values extends NumberArray<Values>> {
  #values: Values;
  #length = 0;
  readonly #make: (length: number) => Values;

  constructor(make: (length: number) => Values) {
    this.#make = make;
    this.#values = make(1024);
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = this.#make(this.#length * 2);
      larger.set(this.#values as ArrayLike<number>);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  at(index: number): number {
    return this.#values[index]!;
  }

  /** What was pushed, in an array of just that length. */
  finish(): Values {
    return this.#values.slice(0, this.#length);
  }
}

/** Grows an Int32Array. */
export const growingInt32 = () => new Growable((length) => new Int32Array(length));
/** Grows a Uint32Array. */
export const growingUint32 = () => new Growable((length) => new Uint32Array(length));
/** Grows a Float64Array, for byte offsets: whole numbers up to 2^53. */
export const growingFloat64 = () => new Growable((length) => new Float64Array(length));
