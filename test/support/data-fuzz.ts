/**
 * Fuzzing of readers: well-formed files are damaged at random, and a reader must answer with a value or with an error
 * of its own kind, soon, and without more memory than it says. Input `index` of a format follows from the seed and
 * the index alone, so that a failure can be had again: `npm run fuzz -- --format tar --seed 1 --from 812 --count 1`.
 */

/** A reader under test: a row of the table in data-fuzz-formats.ts. */
export interface FuzzFormat {
  readonly name: string;
  /** Inputs of a full run. */
  readonly count: number;
  /** Inputs in `npm test`. */
  readonly testCount: number;
  /** Well-formed files, small, that mutations start from. Each must be read without an error. */
  seeds(): Promise<readonly Uint8Array[]> | readonly Uint8Array[];
  /** Reads an input as its reader would a user's file, and looks at all that comes of it. */
  read(input: Uint8Array): Promise<void> | void;
  /** Whether an error is one that the reader may give. */
  expects(error: unknown): boolean;
  /** Bytes of typed arrays that reading an input of so many bytes may ask for, all together. */
  memory(inputBytes: number): number;
  /** Makes checksums right again, so that damage gets past them. Applied to most inputs. */
  repair?(input: Uint8Array): void;
}

export interface FuzzFailure {
  readonly index: number;
  readonly reason: string;
  readonly input: Uint8Array;
}

export interface FuzzTally {
  readonly inputs: number;
  /** Read without an error, damaged as they are. */
  readonly accepted: number;
  /** Refused by an error of the reader's own kind. */
  readonly refused: number;
  /** The first few failures; a run ends after ten. */
  readonly failures: readonly FuzzFailure[];
  /** Milliseconds of the slowest input. */
  readonly slowest: number;
  /** Most bytes of typed arrays that one input asked for. */
  readonly mostBytes: number;
}

export interface FuzzOptions {
  readonly seed: number;
  readonly count: number;
  /** First index. */
  readonly from?: number;
  /** Called before each input. */
  readonly onInput?: (index: number) => void;
}

const MOST_FAILURES = 10;

/** Runs a format. Throws where a well-formed seed is refused: then nothing would be tested. */
export async function fuzz(format: FuzzFormat, options: FuzzOptions): Promise<FuzzTally> {
  const { seed, count, from = 0, onInput } = options;
  const seeds = await format.seeds();
  for (const [i, input] of seeds.entries()) {
    try {
      await format.read(input.slice());
    } catch (cause) {
      throw new Error(`fuzz: seed ${i} of ${format.name} is refused: ${String(cause)}`, { cause });
    }
  }
  const failures: FuzzFailure[] = [];
  let [inputs, accepted, refused, slowest, mostBytes] = [0, 0, 0, 0, 0];
  const meter = meterAllocations();
  try {
    for (let index = from; index < from + count && failures.length < MOST_FAILURES; index++) {
      onInput?.(index);
      const input = fuzzInput(format, seeds, seed, index);
      const given = input.slice();
      inputs++;
      meter.start();
      const began = performance.now();
      try {
        await format.read(given);
        accepted++;
      } catch (error) {
        if (format.expects(error)) refused++;
        else failures.push({ index, reason: describe(error), input });
      }
      slowest = Math.max(slowest, performance.now() - began);
      const bytes = meter.bytes();
      mostBytes = Math.max(mostBytes, bytes);
      const allowed = format.memory(input.length);
      if (bytes > allowed) {
        failures.push({
          index,
          reason: `asked for ${bytes} bytes of memory; at most ${allowed} are allowed`,
          input,
        });
      }
    }
  } finally {
    meter.stop();
  }
  return { inputs, accepted, refused, failures, slowest, mostBytes };
}

/** Input `index` of a format. */
export function fuzzInput(
  format: FuzzFormat,
  seeds: readonly Uint8Array[],
  seed: number,
  index: number,
): Uint8Array {
  const random = new FuzzRandom(seed, index);
  const input = mutate(seeds, random);
  if (format.repair && random.below(4) > 0) format.repair(input);
  return input;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : `threw ${String(error)}`;
}

/** A stream of numbers for one input (splitmix32). */
export class FuzzRandom {
  #state: number;

  constructor(seed: number, index: number) {
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35);
  }

  u32(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  below(n: number): number {
    return Math.floor((this.u32() / 2 ** 32) * n);
  }

  choose<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

/** Numbers at which lengths, offsets and signs turn. */
const EDGES = [
  0,
  1,
  2,
  3,
  4,
  7,
  8,
  15,
  16,
  31,
  32,
  63,
  64,
  100,
  127,
  128,
  255,
  256,
  511,
  512,
  1023,
  1024,
  4095,
  4096,
  32767,
  32768,
  65535,
  65536,
  2 ** 20,
  2 ** 24,
  2 ** 29 - 1,
  2 ** 29,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];
/** The same, and worse, in words. */
const WORDS = [
  ...EDGES.map(String),
  ...[
    '-1',
    '-2147483648',
    '4294967296',
    '9007199254740993',
    '18446744073709551615',
    '1e308',
    '1e400',
    'NaN',
    'Infinity',
  ],
  ...[
    '',
    ' ',
    '\t',
    '\r\n',
    '\n',
    '\r',
    ',',
    '"',
    "'",
    '..',
    '../',
    '/',
    '\\',
    '{',
    '}',
    '{0..9}',
    '\0',
    '\uFEFF',
    'é',
    '😀',
  ],
  ...['null', 'true', '[]', '{}', '__proto__', 'constructor', 'os', 'system', 'label', '0x10', '00', '01'],
].map((word) => new TextEncoder().encode(word));

type Mutation = (bytes: Uint8Array, random: FuzzRandom, seeds: readonly Uint8Array[]) => Uint8Array;

/** Bytes with `removed` of them from `at` replaced by `inserted`. */
function splice(bytes: Uint8Array, at: number, removed: number, inserted: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length - removed + inserted.length);
  out.set(bytes.subarray(0, at));
  out.set(inserted, at);
  out.set(bytes.subarray(at + removed), at + inserted.length);
  return out;
}

/** A place and a length within `bytes`; lengths are mostly short. */
function range(bytes: Uint8Array, random: FuzzRandom): [at: number, length: number] {
  const at = random.below(bytes.length + 1);
  const most = random.below(4) === 0 ? bytes.length : 16;
  return [at, Math.min(bytes.length - at, random.below(most + 1))];
}

function setNumber(bytes: Uint8Array, random: FuzzRandom): Uint8Array {
  const width = random.choose([1, 2, 4, 4, 8]);
  if (bytes.length < width) return bytes;
  const aligned = random.below(2) === 0;
  let at = random.below(bytes.length - width + 1);
  if (aligned) at -= at % 4;
  let value = random.choose(EDGES) + random.choose([0, 0, 0, -1, 1]);
  const little = random.below(3) > 0;
  for (let i = 0; i < width; i++) {
    bytes[little ? at + i : at + width - 1 - i] = value & 255;
    value = Math.floor(value / 256);
  }
  return bytes;
}

/** A run of digits, somewhere, becomes another number. */
function setDigits(bytes: Uint8Array, random: FuzzRandom): Uint8Array {
  const isDigit = (at: number): boolean =>
    bytes[at] !== undefined && bytes[at]! >= 0x30 && bytes[at]! <= 0x39;
  const begin = random.below(bytes.length + 1);
  let at = begin;
  while (at < bytes.length && !isDigit(at)) at++;
  let end = at;
  while (isDigit(end)) end++;
  return end === at ? bytes : splice(bytes, at, end - at, random.choose(WORDS));
}

const MUTATIONS: readonly Mutation[] = [
  (bytes, random) => {
    if (bytes.length > 0) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    return bytes;
  },
  (bytes, random) => {
    if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
    return bytes;
  },
  setNumber,
  setNumber,
  setDigits,
  // Delete, double, move, insert words or noise, cut the end, take from another file.
  (bytes, random) => splice(bytes, ...range(bytes, random), new Uint8Array(0)),
  (bytes, random) => {
    const [at, length] = range(bytes, random);
    return splice(bytes, at, 0, bytes.slice(at, at + length));
  },
  (bytes, random) => {
    const [at, length] = range(bytes, random);
    const moved = bytes.slice(at, at + length);
    const rest = splice(bytes, at, length, new Uint8Array(0));
    return splice(rest, random.below(rest.length + 1), 0, moved);
  },
  (bytes, random) => splice(bytes, random.below(bytes.length + 1), 0, random.choose(WORDS)),
  (bytes, random) => splice(bytes, ...range(bytes, random), random.choose(WORDS)),
  (bytes, random) => {
    const noise = Uint8Array.from({ length: 1 + random.below(8) }, () => random.below(256));
    return splice(bytes, random.below(bytes.length + 1), 0, noise);
  },
  (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  (bytes, random, seeds) => {
    const other = random.choose(seeds);
    const [from, length] = range(other, random);
    return splice(bytes, ...range(bytes, random), other.subarray(from, from + length));
  },
];

/** A seed with one to six things wrong, mostly few: each hides what lies behind it. Inputs stay within four times the largest seed and some bytes. */
function mutate(seeds: readonly Uint8Array[], random: FuzzRandom): Uint8Array {
  const most = 4 * Math.max(...seeds.map((seed) => seed.length)) + 1024;
  let bytes: Uint8Array = random.choose(seeds).slice();
  for (let left = 1 + random.below(1 + random.below(6)); left > 0; left--) {
    bytes = random.choose(MUTATIONS)(bytes, random, seeds);
    if (bytes.length > most) bytes = bytes.slice(0, most);
  }
  return bytes;
}

const METERED = [
  'ArrayBuffer',
  'Uint8Array',
  'Int8Array',
  'Uint16Array',
  'Int16Array',
  'Uint32Array',
  'Int32Array',
  'Float32Array',
  'Float64Array',
] as const;

/**
 * Counts the bytes of buffers that are asked for by length, by standing in for the constructors: the global ones, and
 * those that arrays name as their own, so that slices are counted too.
 */
function meterAllocations(): { start(): void; bytes(): number; stop(): void } {
  let bytes = 0;
  const install = (name: string, type: Constructor, prototype: object): void => {
    Object.defineProperty(globalThis, name, { value: type, configurable: true, writable: true });
    Object.defineProperty(prototype, 'constructor', { value: type, configurable: true, writable: true });
  };
  const originals = METERED.map((name) => ({ name, original: globalThis[name] as Constructor }));
  for (const { name, original } of originals) {
    const each = original.BYTES_PER_ELEMENT ?? 1;
    const metered: Constructor = new Proxy(original, {
      construct(target, given: unknown[], newTarget): object {
        if (typeof given[0] === 'number') bytes += given[0] * each;
        return Reflect.construct(target, given, newTarget === metered ? target : newTarget);
      },
    });
    install(name, metered, original.prototype);
  }
  return {
    start: () => {
      bytes = 0;
    },
    bytes: () => bytes,
    stop: () => {
      for (const { name, original } of originals) install(name, original, original.prototype);
    },
  };
}

interface Constructor {
  new (...given: unknown[]): object;
  readonly prototype: object;
  readonly BYTES_PER_ELEMENT?: number;
}
