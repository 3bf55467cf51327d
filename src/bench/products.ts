/** Square matrix products. */
import { matmul } from '../engine/index.ts';
import { type CaseFamily, caseName, workload } from './case.ts';
import { FLOAT_BYTES, operand } from './values.ts';

/** `gemm/n`: [M, n, n] × [M, n, n]. */
export function gemm(n: number): CaseFamily {
  return (members) => ({
    name: caseName(`gemm/${n}`, members),
    members,
    description: `matrix product, ${members} of ${n}×${n} by ${n}×${n}`,
    work: { unit: 'flop', amount: 2 * members * n ** 3 },
    // Two operands and the result.
    intensity: (2 * n ** 3) / (3 * n ** 2 * FLOAT_BYTES),
    prepare: () => {
      const [a, b] = [operand('a', [members, n, n]), operand('b', [members, n, n])];
      return workload(
        {
          name: `gemm ${n}`,
          inputs: {},
          trace: () => ({ outputs: { product: matmul(a.tensor(), b.tensor()) }, updates: [] }),
        },
        {},
        [a, b],
      );
    },
  });
}

export const productCases: readonly CaseFamily[] = [gemm(512), gemm(1024)];
