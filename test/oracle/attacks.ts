/**
 * Attacks once more, in float64 and plain loops, one image at a time, as the papers write them; and half-space problems,
 * whose smallest perturbations are known exactly.
 */

/** A function of an image that is to become small. */
export type Valued = (x: readonly number[]) => {
  readonly value: number;
  readonly gradient: readonly number[];
};

const clip = (v: number, low = 0, high = 1) => Math.min(Math.max(v, low), high);
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((total, v, i) => total + v * b[i]!, 0);
export const l2Norm = (a: readonly number[]) => Math.sqrt(dot(a, a));
export const linfNorm = (a: readonly number[]) => Math.max(...a.map(Math.abs));
export const minus = (a: readonly number[], b: readonly number[]) => a.map((v, i) => v - b[i]!);

/** Images that count as success are those with direction · x ≥ need. */
export interface HalfSpace {
  readonly source: readonly number[];
  readonly direction: readonly number[];
  readonly need: number;
}

/** −direction · x, which falls to −need. */
export function halfSpaceValue({ direction }: HalfSpace): Valued {
  return (x) => ({ value: -dot(direction, x), gradient: direction.map((v) => -v) });
}

/** The smallest λ ≥ 0 at which the image path(λ), which only gains, is a success; found by bisection. */
function firstSuccess(
  { direction, need }: HalfSpace,
  path: (amount: number) => number[],
  most: number,
): number[] {
  let [low, high] = [0, most];
  if (dot(direction, path(high)) < need) throw new Error('no image of the range is a success');
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (dot(direction, path(middle)) >= need) high = middle;
    else low = middle;
  }
  return path(high);
}

/** The nearest success by Euclidean distance: by the KKT conditions x = clip(source + λ direction) for some λ. */
export function nearestByL2(problem: HalfSpace): number[] {
  const { source, direction } = problem;
  const least = Math.min(...direction.map(Math.abs).filter((v) => v > 0));
  return firstSuccess(problem, (t) => source.map((s, i) => clip(s + t * direction[i]!)), 1 / least);
}

/** The nearest success by the largest pixel: every pixel goes ε along the sign of its direction, as far as the range lets it. */
export function nearestByLinf(problem: HalfSpace): number[] {
  const { source, direction } = problem;
  return firstSuccess(problem, (t) => source.map((s, i) => clip(s + t * Math.sign(direction[i]!))), 1);
}

export interface Walk {
  /** Images looked at, the start first. */
  readonly images: readonly (readonly number[])[];
  readonly values: readonly number[];
}

type Norm = 'l2' | 'linf';

interface Ball {
  readonly norm: Norm;
  readonly source: readonly number[];
  readonly start: readonly number[];
  readonly radius: number;
}

function project(norm: Norm, x: readonly number[], source: readonly number[], radius: number): number[] {
  if (norm === 'linf') return x.map((v, i) => clip(clip(v, source[i]! - radius, source[i]! + radius)));
  const step = minus(x, source);
  const share = Math.min(1, radius / Math.max(l2Norm(step), 1e-300));
  return step.map((v, i) => clip(source[i]! + share * v));
}

function steepest(norm: Norm, gradient: readonly number[]): number[] {
  const length = l2Norm(gradient);
  return gradient.map((g) => (norm === 'linf' ? Math.sign(g) : g / length));
}

/** Projected steps of length `step` by the ball's norm; BIM from the source, PGD from elsewhere. */
export function projectedWalk(
  f: Valued,
  { norm, source, start, radius, step, steps }: Ball & { readonly step: number; readonly steps: number },
): Walk {
  let x = [...start];
  const [images, values] = [[x], [f(x).value]];
  for (let k = 0; k < steps; k++) {
    const s = steepest(norm, f(x).gradient);
    x = project(
      norm,
      x.map((v, i) => v - step * s[i]!),
      source,
      radius,
    );
    images.push(x);
    values.push(f(x).value);
  }
  return { images, values };
}

/** ⌈pⱼ N⌉ of Croce and Hein's section 3.1, the 0 first. */
function checkpointsOf(steps: number): number[] {
  const shares = [0, 0.22];
  while (shares.at(-1)! < 1) {
    const [before, last] = shares.slice(-2) as [number, number];
    shares.push(last + Math.max(last - before - 0.03, 0.06));
  }
  // Rounded first: 0.41 · 100 is a little over 41 in floating point.
  return shares.map((share) => Math.ceil(Number((share * steps).toFixed(6))));
}

/**
 * APGD by Croce and Hein's algorithm 1, for a function that is to become small. x[k] and f[k] are the algorithm's: at a
 * checkpoint that goes back to the best image they are replaced by it.
 */
export function apgdWalk(
  f: Valued,
  { norm, source, start, radius, steps }: Ball & { readonly steps: number },
): Walk & { readonly halvedAt: readonly number[] } {
  const W = checkpointsOf(steps);
  const P = (y: readonly number[]) => project(norm, y, source, radius);
  const step = (from: readonly number[], eta: number) => {
    const s = steepest(norm, f(from).gradient);
    return P(from.map((v, i) => v - eta * s[i]!));
  };
  let eta = 2 * radius;
  const x = [[...start], step(start, eta)];
  const fx = x.map((image) => f(image).value);
  const [images, values] = [[...x], [...fx]];
  const halvedAt: number[] = [];
  const bestAt = () => values.indexOf(Math.min(...values));
  let atLastCheck = { eta, best: values[0]! };
  const improved: boolean[] = [fx[1]! < fx[0]!];
  for (let k = 1; k < steps; k++) {
    const j = W.indexOf(k);
    if (j > 0) {
      const since = improved.slice(W[j - 1]!, k);
      const few = since.filter(Boolean).length < 0.75 * since.length;
      const now = { eta, best: values[bestAt()]! };
      if (few || (now.eta === atLastCheck.eta && now.best === atLastCheck.best)) {
        halvedAt.push(k);
        eta /= 2;
        x[k] = images[bestAt()]!;
        fx[k] = now.best;
      }
      atLastCheck = now;
    }
    const z = step(x[k]!, eta);
    const next = P(x[k]!.map((v, i) => v + 0.75 * (z[i]! - v) + 0.25 * (v - x[k - 1]![i]!)));
    const value = f(next).value;
    improved.push(value < fx[k]!);
    x.push(next);
    fx.push(value);
    images.push(next);
    values.push(value);
  }
  return { images, values, halvedAt };
}

/** One trial of C&W's L2 attack: Adam over w, with f the distance that is to fall to the limit. */
export function cwWalk(
  f: Valued,
  {
    source,
    limit,
    weight,
    learningRate,
    steps,
  }: {
    readonly source: readonly number[];
    readonly limit: number;
    readonly weight: number;
    readonly learningRate: number;
    readonly steps: number;
  },
): Walk {
  const w = source.map((s) => Math.atanh(2 * s - 1));
  const [mean, variance] = [w.map(() => 0), w.map(() => 0)];
  const pixels = () => w.map((v) => (Math.tanh(v) + 1) / 2);
  const [images, values] = [[pixels()], [f(pixels()).value]];
  for (let t = 1; t <= steps; t++) {
    const x = pixels();
    const { value, gradient } = f(x);
    for (let i = 0; i < w.length; i++) {
      const byPixel = 2 * (x[i]! - source[i]!) + (value > limit ? weight * gradient[i]! : 0);
      const g = byPixel * 2 * x[i]! * (1 - x[i]!);
      mean[i] = 0.9 * mean[i]! + 0.1 * g;
      variance[i] = 0.999 * variance[i]! + 0.001 * g * g;
      const [m, v] = [mean[i]! / (1 - 0.9 ** t), variance[i]! / (1 - 0.999 ** t)];
      w[i]! -= (learningRate * m) / (Math.sqrt(v) + 1e-8);
    }
    images.push(pixels());
    values.push(f(pixels()).value);
  }
  return { images, values };
}
