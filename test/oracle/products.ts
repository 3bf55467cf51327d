/** Matrix product and convolutions: sums of products, visited term by term. */
import { broadcastShapes, forEachIndex, type NdArray, offsetOf, zeros } from './ndarray.ts';
import type { Attributes, OracleOp, Padding, Window } from './operation.ts';

/** Terms output[y] += left[a] * right[b] for `count` neighbours: each offset grows by its own step. */
interface Run {
  readonly count: number;
  readonly y: number;
  readonly a: number;
  readonly b: number;
  readonly steps: readonly [y: number, a: number, b: number];
}
type Visit = (run: Run) => void;

/**
 * An op that is bilinear in its two inputs, given by the list of its terms. Its gradients are the same
 * terms with the roles exchanged: dLeft[a] += dy[y] * right[b], dRight[b] += dy[y] * left[a].
 */
function bilinear<A>(
  outputShape: (left: NdArray, right: NdArray, attributes: A) => number[],
  terms: (left: NdArray, right: NdArray, shape: readonly number[], attributes: A, visit: Visit) => void,
): OracleOp<A> {
  return {
    forward([left, right], attributes) {
      const output = zeros(outputShape(left!, right!, attributes));
      const [Y, A, B] = [output.data, left!.data, right!.data];
      terms(left!, right!, output.shape, attributes, ({ count, y, a, b, steps: [dy, da, db] }) => {
        for (let i = 0; i < count; i++) Y[y + i * dy]! += A[a + i * da]! * B[b + i * db]!;
      });
      return [output];
    },
    backward([left, right], attributes, given) {
      const dLeft = zeros(left!.shape);
      const dRight = zeros(right!.shape);
      const [Y, A, B, dA, dB] = [given.data, left!.data, right!.data, dLeft.data, dRight.data];
      terms(left!, right!, given.shape, attributes, ({ count, y, a, b, steps: [dy, da, db] }) => {
        for (let i = 0; i < count; i++) {
          dA[a + i * da]! += Y[y + i * dy]! * B[b + i * db]!;
          dB[b + i * db]! += Y[y + i * dy]! * A[a + i * da]!;
        }
      });
      return [dLeft, dRight];
    },
  };
}

/** Rows and columns of a matrix operand after the transposition asked for. */
function matrixOf(x: NdArray, transposed = false): { rows: number; columns: number } {
  const [p, q] = x.shape.slice(-2) as [number, number];
  return transposed ? { rows: q, columns: p } : { rows: p, columns: q };
}

export const matmul = bilinear<Attributes['matmul']>(
  (a, b, { transposeA, transposeB }) => {
    const inner = matrixOf(a, transposeA).columns;
    if (inner !== matrixOf(b, transposeB).rows) throw new Error(`matmul: [${a.shape}] by [${b.shape}]`);
    const lead = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [...lead, matrixOf(a, transposeA).rows, matrixOf(b, transposeB).columns];
  },
  (a, b, shape, { transposeA, transposeB }, visit) => {
    const { rows, columns: inner } = matrixOf(a, transposeA);
    const { columns } = matrixOf(b, transposeB);
    forEachIndex(shape.slice(0, -2), (lead, matrix) => {
      // Where this matrix begins in each operand.
      const aBase = offsetOf(a.shape.slice(0, -2), lead) * rows * inner;
      const bBase = offsetOf(b.shape.slice(0, -2), lead) * inner * columns;
      const steps = [0, transposeA ? rows : 1, transposeB ? 1 : columns] as const;
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) {
          visit({
            count: inner,
            y: (matrix * rows + i) * columns + j,
            a: aBase + (transposeA ? i : i * inner),
            b: bBase + (transposeB ? j * inner : j),
            steps,
          });
        }
      }
    });
  },
);

function sides(padding: Padding): readonly [number, number, number, number] {
  return typeof padding === 'number' ? [padding, padding, padding, padding] : padding;
}

/** [members, batch, height, width] of a convolution's output. */
function windowShape(x: NdArray, w: NdArray, { stride, padding }: Window): number[] {
  const [top, bottom, left, right] = sides(padding);
  const [members, batch, height, width] = x.shape as [number, number, number, number];
  const [wMembers, kh, kw] = w.shape as [number, number, number];
  return [
    Math.max(members, wMembers),
    batch,
    Math.floor((height + top + bottom - kh) / stride) + 1,
    Math.floor((width + left + right - kw) / stride) + 1,
  ];
}

/** Calls `visit` for each output pixel and each tap of the kernel that falls inside the image. */
function forEachTap(
  x: NdArray,
  w: NdArray,
  shape: readonly number[],
  { stride, padding }: Window,
  visit: (output: number[], pixel: number[], tap: number[]) => void,
): void {
  const [top, , left] = sides(padding);
  const [, , height, width] = x.shape as [number, number, number, number];
  const [, kh, kw] = w.shape as [number, number, number];
  forEachIndex(shape.slice(0, 4), (output) => {
    const [m, n, oy, ox] = output as [number, number, number, number];
    for (let ky = 0; ky < kh; ky++) {
      for (let kx = 0; kx < kw; kx++) {
        const iy = oy * stride + ky - top;
        const ix = ox * stride + kx - left;
        if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
        visit([...output, 0], [m, n, iy, ix, 0], [m, ky, kx]);
      }
    }
  });
}

/** x [M, N, H, W, in], w [M, kh, kw, in, out]; either member axis may be 1. */
export const conv2d = bilinear<Window>(
  (x, w, window) => [...windowShape(x, w, window), w.shape[4]!],
  (x, w, shape, window, visit) => {
    const inputs = x.shape[4]!;
    const outputs = w.shape[4]!;
    forEachTap(x, w, shape, window, (output, pixel, tap) => {
      const y = offsetOf(shape, output);
      const a = offsetOf(x.shape, pixel);
      const b = offsetOf(w.shape, [...tap, 0, 0]);
      for (let i = 0; i < inputs; i++) {
        visit({ count: outputs, y, a: a + i, b: b + i * outputs, steps: [1, 0, 1] });
      }
    });
  },
);

/** x [M, N, H, W, C], w [M, kh, kw, C]: each channel with a kernel of its own. */
export const depthwiseConv2d = bilinear<Window>(
  (x, w, window) => [...windowShape(x, w, window), w.shape[3]!],
  (x, w, shape, window, visit) => {
    const channels = x.shape[4]!;
    forEachTap(x, w, shape, window, (output, pixel, tap) => {
      const y = offsetOf(shape, output);
      const a = offsetOf(x.shape, pixel);
      const b = offsetOf(w.shape, [...tap, 0]);
      visit({ count: channels, y, a, b, steps: [1, 1, 1] });
    });
  },
);
