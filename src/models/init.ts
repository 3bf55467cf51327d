/**
 * Initial values. Every tensor has its own stream of random numbers, named by (seed, path, member), so
 * that members are independent, and member 0 of an ensemble starts as a single network of that seed does.
 */

/** A seeded stream of numbers in [0, 1): mulberry32 (T. Ettinger), whose state is a 32-bit counter. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** 32-bit FNV-1a of a text: turns a name into the seed of a stream. */
export function hashName(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Standard normal numbers (Box–Muller) from uniform ones. */
export function normalStream(uniform: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/**
 * Normal weights of zero mean for `shape` = [members, …].
 * `deviation` is √(gain² / fanIn) in He et al., "Delving Deep into Rectifiers", 2015.
 */
export function normalWeights(
  shape: readonly number[],
  deviation: number,
  seed: number,
  path: string,
): Float32Array {
  return perMember(shape, seed, path, (uniform) => {
    const normal = normalStream(uniform);
    return () => deviation * normal();
  });
}

/** Weights uniform in [−bound, bound) for `shape` = [members, …]. */
export function uniformWeights(
  shape: readonly number[],
  bound: number,
  seed: number,
  path: string,
): Float32Array {
  return perMember(shape, seed, path, (uniform) => () => bound * (2 * uniform() - 1));
}

/** He's gain for a PReLU of slope `slope`; slope 0 is ReLU (√2), slope 1 a linear layer (1). */
export function heGain(slope: number): number {
  return Math.sqrt(2 / (1 + slope * slope));
}

function perMember(
  shape: readonly number[],
  seed: number,
  path: string,
  stream: (uniform: () => number) => () => number,
): Float32Array {
  const [members = 1, ...rest] = shape;
  const length = rest.reduce((product, extent) => product * extent, 1);
  const values = new Float32Array(members * length);
  for (let member = 0; member < members; member++) {
    const next = stream(mulberry32(hashName(`${seed}/${path}/${member}`)));
    for (let i = 0; i < length; i++) values[member * length + i] = next();
  }
  return values;
}
