/** Losses over classes, and the log-determinant of the diversity term. */
import { addAt, at, build, forEachIndex, type NdArray, offsetOf, zeros } from './ndarray.ts';
import { type Attributes, type NoAttributes, normalAxis, type OracleOp } from './operation.ts';

/** log Σ exp x along one axis, kept as 1; the maximum is taken out first. */
function keptLogSumExp(x: NdArray, axis: number): NdArray {
  const kept = x.shape.map((extent, i) => (i === axis ? 1 : extent));
  const largest = zeros(kept);
  largest.data.fill(Number.NEGATIVE_INFINITY);
  forEachIndex(x.shape, (index, flat) => {
    largest.data[offsetOf(kept, index)] = Math.max(at(largest, index), x.data[flat]!);
  });
  const total = zeros(kept);
  forEachIndex(x.shape, (index, flat) => addAt(total, index, Math.exp(x.data[flat]! - at(largest, index))));
  return build(kept, (index) => at(largest, index) + Math.log(at(total, index)));
}

/** Drops the axis that is reduced. */
export const logSumExp: OracleOp<Attributes['logSumExp']> = {
  forward([x], { axis }) {
    const along = normalAxis(axis, x!.shape.length);
    const kept = keptLogSumExp(x!, along);
    return [{ shape: kept.shape.filter((_, i) => i !== along), data: kept.data }];
  },
  backward([x], { axis }, dy) {
    const kept = keptLogSumExp(x!, normalAxis(axis, x!.shape.length));
    const given: NdArray = { shape: kept.shape, data: dy.data };
    return [build(x!.shape, (index) => Math.exp(at(x!, index) - at(kept, index)) * at(given, index))];
  },
};

/** logits [M, B, C], labels [B] or [M, B] → [M, B]: logSumExp(logits) − logits[label]. */
export const softmaxCrossEntropy: OracleOp<NoAttributes> = {
  forward([logits, labels]) {
    const kept = keptLogSumExp(logits!, logits!.shape.length - 1);
    return [
      build(logits!.shape.slice(0, -1), (index) => {
        const right = at(logits!, [...index, at(labels!, index)]);
        return at(kept, [...index, 0]) - right;
      }),
    ];
  },
  backward([logits, labels], _, dy) {
    const kept = keptLogSumExp(logits!, logits!.shape.length - 1);
    const gradient = build(logits!.shape, (index) => {
      const example = index.slice(0, -1);
      const probability = Math.exp(at(logits!, index) - at(kept, index));
      const isLabel = at(labels!, example) === index[index.length - 1];
      return at(dy, example) * (probability - (isLabel ? 1 : 0));
    });
    return [gradient, null];
  },
};

/**
 * log det G of each K×K matrix, by elimination with pivoting (the engine uses Cholesky's factors).
 * The gradient is dy·G⁻¹, transposed, which for a symmetric G is dy·G⁻¹.
 */
export const logDet: OracleOp<NoAttributes> = {
  forward([g]) {
    const k = g!.shape[g!.shape.length - 1]!;
    const lead = g!.shape.slice(0, -2);
    const y = zeros(lead);
    forEachIndex(lead, (_, flat) => {
      y.data[flat] = Math.log(Math.abs(eliminate(g!.data, flat * k * k, k).determinant));
    });
    return [y];
  },
  backward([g], _, dy) {
    const k = g!.shape[g!.shape.length - 1]!;
    const gradient = zeros(g!.shape);
    for (let matrix = 0; matrix < dy.data.length; matrix++) {
      const { inverse } = eliminate(g!.data, matrix * k * k, k);
      for (let i = 0; i < k; i++) {
        for (let j = 0; j < k; j++) {
          gradient.data[(matrix * k + i) * k + j] = dy.data[matrix]! * inverse[j]![i]!;
        }
      }
    }
    return [gradient];
  },
};

/** Gauss–Jordan elimination of the k×k matrix at `base`. */
function eliminate(
  data: Float64Array,
  base: number,
  k: number,
): { determinant: number; inverse: number[][] } {
  // [G | I], turned row by row into [I | G⁻¹].
  const rows = Array.from({ length: k }, (_, i) => [
    ...data.subarray(base + i * k, base + (i + 1) * k),
    ...Array.from({ length: k }, (_, j) => (i === j ? 1 : 0)),
  ]);
  let determinant = 1;
  for (let column = 0; column < k; column++) {
    let pivot = column;
    for (let i = column; i < k; i++) {
      if (Math.abs(rows[i]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = i;
    }
    if (pivot !== column) {
      [rows[pivot], rows[column]] = [rows[column]!, rows[pivot]!];
      determinant = -determinant;
    }
    const head = rows[column]![column]!;
    determinant *= head;
    rows[column] = rows[column]!.map((value) => value / head);
    for (let i = 0; i < k; i++) {
      if (i === column) continue;
      const factor = rows[i]![column]!;
      rows[i] = rows[i]!.map((value, j) => value - factor * rows[column]![j]!);
    }
  }
  return { determinant, inverse: rows.map((row) => row.slice(k)) };
}
