/** What a pickle can hold, once read: inert values. */

/** NumPy's type of an element, such as u1, b1 or <i8; O where elements are values of their own. */
export class PickleDtype {
  /** 'u' unsigned, 'i' signed, 'b' boolean, 'f' float, 'O' any value. */
  readonly kind: string;
  /** Bytes of an element. */
  readonly size: number;
  littleEndian = true;

  constructor(kind: string, size: number) {
    this.kind = kind;
    this.size = size;
  }
}

/** A NumPy array: bytes of its elements, or the elements themselves where they are any values. */
export class PickleArray {
  shape: readonly number[] = [0];
  dtype = new PickleDtype('u', 1);
  data: Uint8Array | readonly PickleValue[] = new Uint8Array(0);

  /** Number of elements. */
  get length(): number {
    return this.shape.reduce((product, size) => product * size, 1);
  }
}

/** A function or class that a pickle names, which stands for nothing but its name. */
export class PickleGlobal {
  readonly module: string;
  readonly name: string;

  constructor(module: string, name: string) {
    this.module = module;
    this.name = name;
  }
}

/** Lists and tuples are arrays; `bytes` and Python 2's `str` are Uint8Array. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | PickleArray
  | PickleDtype
  | PickleGlobal
  | PickleValue[];

/** Element `index` of an array of numbers or booleans, as a number. */
export function elementOf(array: PickleArray, index: number): number | undefined {
  const { data, dtype } = array;
  if (!(data instanceof Uint8Array)) {
    const value = data[index];
    return typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : undefined;
  }
  if (index < 0 || (index + 1) * dtype.size > data.length) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const [at, little] = [index * dtype.size, dtype.littleEndian];
  switch (dtype.kind + dtype.size) {
    case 'b1':
    case 'u1':
      return view.getUint8(at);
    case 'i1':
      return view.getInt8(at);
    case 'u2':
      return view.getUint16(at, little);
    case 'i2':
      return view.getInt16(at, little);
    case 'u4':
      return view.getUint32(at, little);
    case 'i4':
      return view.getInt32(at, little);
    case 'u8':
      return Number(view.getBigUint64(at, little));
    case 'i8':
      return Number(view.getBigInt64(at, little));
    case 'f4':
      return view.getFloat32(at, little);
    case 'f8':
      return view.getFloat64(at, little);
    default:
      return undefined;
  }
}
