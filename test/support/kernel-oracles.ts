/** What the kernels compute, as plain float64 loops; and data to feed them. */

/** Repeatable values in [-1, 1), spread well enough that a wrong index shows. */
export function values(length: number, seed = 1): Float32Array {
  let state = (seed * 2654435761) >>> 0;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** The largest |got - want| / (1 + |want|); NaN anywhere gives Infinity unless NaN was wanted. */
export function worstError(got: ArrayLike<number>, want: ArrayLike<number>): number {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < want.length; i++) {
    const [a, b] = [got[i]!, want[i]!];
    if (Number.isNaN(a) && Number.isNaN(b)) continue;
    const error = Math.abs(a - b) / (1 + Math.abs(b));
    if (!(error <= worst)) worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
  }
  return worst;
}

export interface GemmCase {
  batch: number;
  m: number;
  n: number;
  k: number;
  strideA: number;
  strideB: number;
  transposeA: boolean;
}

export function gemmOracle(c: GemmCase, a: Float32Array, b: Float32Array): Float64Array {
  const out = new Float64Array(c.batch * c.m * c.n);
  for (let s = 0; s < c.batch; s++)
    for (let i = 0; i < c.m; i++)
      for (let k = 0; k < c.k; k++) {
        const left = a[s * c.strideA + (c.transposeA ? k * c.m + i : i * c.k + k)]!;
        for (let j = 0; j < c.n; j++) out[(s * c.m + i) * c.n + j]! += left * b[s * c.strideB + k * c.n + j]!;
      }
  return out;
}

/** Sums over the leading axis of `parts` slices, as the compiler does after partial sums. */
export function sumParts(data: Float32Array, parts: number): Float64Array {
  const size = data.length / parts;
  return Float64Array.from({ length: size }, (_, i) => {
    let sum = 0;
    for (let p = 0; p < parts; p++) sum += data[p * size + i]!;
    return sum;
  });
}

export interface ConvCase {
  members: number;
  batch: number;
  height: number;
  width: number;
  inChannels: number;
  outChannels: number;
  kernel: readonly [number, number];
  stride: number;
  padding: readonly [number, number, number, number];
  inputMembers: number;
  weightMembers: number;
}

/** Where each product of a convolution reads and writes; `depthwise` has one weight per channel. */
export function convOracle(
  c: ConvCase,
  depthwise: boolean,
  x: Float32Array,
  w: Float32Array,
  dy: Float32Array,
) {
  const [kh, kw] = c.kernel;
  const [top, bottom, left, right] = c.padding;
  const oh = Math.floor((c.height + top + bottom - kh) / c.stride) + 1;
  const ow = Math.floor((c.width + left + right - kw) / c.stride) + 1;
  const ins = c.inChannels;
  const outs = c.outChannels;
  const xSize = c.batch * c.height * c.width * ins;
  const wSize = kh * kw * ins * (depthwise ? 1 : outs);
  const y = new Float64Array(c.members * c.batch * oh * ow * outs);
  const dx = new Float64Array(c.members * xSize);
  const dw = new Float64Array(c.members * wSize);
  for (let m = 0; m < c.members; m++)
    for (let n = 0; n < c.batch; n++)
      for (let oy = 0; oy < oh; oy++)
        for (let ox = 0; ox < ow; ox++)
          for (let ky = 0; ky < kh; ky++)
            for (let kx = 0; kx < kw; kx++) {
              const iy = oy * c.stride + ky - top;
              const ix = ox * c.stride + kx - left;
              if (iy < 0 || iy >= c.height || ix < 0 || ix >= c.width) continue;
              for (let i = 0; i < ins; i++)
                for (let o = depthwise ? i : 0; o < (depthwise ? i + 1 : outs); o++) {
                  const xi = ((n * c.height + iy) * c.width + ix) * ins + i;
                  const wi = depthwise ? (ky * kw + kx) * ins + i : ((ky * kw + kx) * ins + i) * outs + o;
                  const yi = (((m * c.batch + n) * oh + oy) * ow + ox) * outs + o;
                  const xv = x[(c.inputMembers === 1 ? 0 : m * xSize) + xi]!;
                  const wv = w[(c.weightMembers === 1 ? 0 : m * wSize) + wi]!;
                  y[yi]! += xv * wv;
                  if (dy.length) {
                    dx[m * xSize + xi]! += dy[yi]! * wv;
                    dw[m * wSize + wi]! += dy[yi]! * xv;
                  }
                }
            }
  return { y, dx, dw, oh, ow };
}

/** Gauss–Jordan elimination of a matrix with positive pivots: its log-determinant and inverse. */
export function eliminate(
  matrix: readonly number[],
  size: number,
): { logDeterminant: number; inverse: number[] } {
  const a = Array.from({ length: size }, (_, i) => [
    ...matrix.slice(i * size, (i + 1) * size),
    ...Array.from({ length: size }, (_, j) => (i === j ? 1 : 0)),
  ]);
  let logDeterminant = 0;
  for (let p = 0; p < size; p++) {
    const pivot = a[p]![p]!;
    logDeterminant += Math.log(pivot);
    a[p] = a[p]!.map((v) => v / pivot);
    for (let i = 0; i < size; i++) {
      const factor = a[i]![p]!;
      if (i !== p) a[i] = a[i]!.map((v, j) => v - factor * a[p]![j]!);
    }
  }
  return { logDeterminant, inverse: a.flatMap((row) => row.slice(size)) };
}
