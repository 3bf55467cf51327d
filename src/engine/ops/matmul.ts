import { ShapeError } from '../errors.ts';
import { chooseSplits, type GemmShape, gemm } from '../kernels/gemm.ts';
import type { AdapterTraits } from '../kernels/plan.ts';
import { broadcastShapes, showShape, sizeOf } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import type * as Ops from './index.ts';

export interface MatmulOptions {
  /** `a` is stored […, k, m]. */
  readonly transposeA?: boolean;
  /** `b` is stored […, n, k]. */
  readonly transposeB?: boolean;
}

/** Matrix products […, m, k] · […, k, n] → […, m, n]; leading axes broadcast. */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const transposeA = options.transposeA ?? false;
  const transposeB = options.transposeB ?? false;
  const flags = `${transposeA ? 'aᵀ' : 'a'}·${transposeB ? 'bᵀ' : 'b'}`;
  if (a.shape.length < 2 || b.shape.length < 2) {
    throw new ShapeError(`matmul: expected matrices, got ${showShape(a.shape)} and ${showShape(b.shape)}.`);
  }
  const [m, k] = lastTwo(a, transposeA);
  const [k2, n] = lastTwo(b, transposeB);
  if (k !== k2) {
    throw new ShapeError(
      `matmul ${flags}: inner extents differ, ${k} and ${k2}, of ${showShape(a.shape)} and ${showShape(b.shape)}.`,
    );
  }
  const batch = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  return new Tensor({
    op: 'matmul',
    inputs: [a, b],
    shape: [...batch, m, n],
    attributes: flags,
    body: {
      kind: 'composite',
      lower: (node, traits, ops) => lowerMatmul(node, { transposeA, transposeB }, traits, ops),
    },
    gradient: (dy, node, ops) => {
      const [left, right] = [node.inputs[0]!, node.inputs[1]!];
      const dLeft = transposeA
        ? ops.matmul(right, dy, { transposeA: transposeB, transposeB: true })
        : ops.matmul(dy, right, { transposeB: !transposeB });
      const dRight = transposeB
        ? ops.matmul(dy, left, { transposeA: true, transposeB: transposeA })
        : ops.matmul(left, dy, { transposeA: !transposeA });
      return [ops.sumTo(dLeft, left.shape), ops.sumTo(dRight, right.shape)];
    },
  });
}

/** Rows and columns of the matrices as they enter the product. */
function lastTwo(x: Tensor, transposed: boolean): [number, number] {
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}

/** One gemm, with batch axes folded into rows where the right-hand side is shared, and k split where it pays. */
function lowerMatmul(
  node: Tensor,
  { transposeA, transposeB }: Required<MatmulOptions>,
  traits: AdapterTraits,
  ops: typeof Ops,
): Tensor {
  let [a, b] = [node.inputs[0]!, node.inputs[1]!];
  const batchShape = node.shape.slice(0, -2);
  const [m, n] = node.shape.slice(-2) as [number, number];
  const k = lastTwo(a, transposeA)[1];
  let batch = sizeOf(batchShape);
  // A batch of its own, or one for all; anything between is repeated first.
  const spread = (x: Tensor): Tensor => {
    const own = sizeOf(x.shape.slice(0, -2));
    return own === 1 || own === batch ? x : ops.broadcastTo(x, [...batchShape, ...x.shape.slice(-2)]);
  };
  a = spread(a);
  b = spread(b);
  if (transposeB) {
    const rank = b.shape.length;
    b = ops.transpose(b, [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2]);
  }
  const sharedA = sizeOf(a.shape) === m * k;
  const sharedB = sizeOf(b.shape) === k * n;
  let rows = m;
  if (sharedB && !transposeA && !sharedA) {
    rows *= batch;
    batch = 1;
  }
  const shape: GemmShape = {
    batch,
    m: rows,
    n,
    k,
    strideA: sharedA || batch === 1 ? 0 : m * k,
    strideB: sharedB || batch === 1 ? 0 : k * n,
    transposeA,
  };
  const splits = chooseSplits(shape, traits);
  const product = new Tensor({
    op: 'gemm',
    inputs: [a, b],
    shape: [splits, batch, rows, n],
    attributes: JSON.stringify(shape),
    body: { kind: 'kernel', plan: (_inputs, _output, adapter) => gemm({ ...shape, splits }, adapter) },
  });
  return ops.reshape(ops.sum(product, 0), node.shape);
}
