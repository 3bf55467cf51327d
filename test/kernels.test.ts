/** Every variant of every kernel family against a float64 loop. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseSplits, gemm } from '../src/engine/kernels/gemm.ts';
import { type GemmCase, gemmOracle, sumParts, values, worstError } from './support/kernel-oracles.ts';
import { type KernelRig, openRig } from './support/kernel-rig.ts';

let rig: KernelRig;
beforeAll(async () => {
  rig = await openRig();
});
afterAll(() => rig.close());

describe('gemm', () => {
  const rows: [
    batch: number,
    m: number,
    n: number,
    k: number,
    shareA: boolean,
    shareB: boolean,
    splits: number,
  ][] = [
    [1, 1, 1, 1, false, false, 1],
    [1, 5, 7, 9, false, false, 1],
    [1, 33, 36, 20, false, false, 1],
    [1, 64, 128, 64, false, false, 1],
    [1, 100, 132, 52, false, false, 1],
    [3, 17, 20, 12, false, true, 1],
    [3, 17, 20, 12, true, false, 1],
    [2, 130, 64, 36, false, false, 1],
    [2, 9, 33, 17, false, false, 1],
    [2, 24, 40, 96, false, false, 4],
    [1, 8, 21, 101, false, false, 3],
    [1, 12, 8, 101, false, false, 3],
  ];
  for (const transposeA of [false, true]) {
    it.each(rows)(
      `batch %i, ${transposeA ? 'aᵀ ' : ''}%i×%i×%i, shared a %s, b %s, splits %i`,
      async (batch, m, n, k, shareA, shareB, splits) => {
        const strideA = shareA ? 0 : m * k;
        const strideB = shareB ? 0 : k * n;
        const shape: GemmCase = { batch, m, n, k, strideA, strideB, transposeA };
        const a = values(shareA ? m * k : batch * m * k, 1);
        const b = values(shareB ? k * n : batch * k * n, 2);
        const want = gemmOracle(shape, a, b);
        const plans = gemm({ ...shape, splits }, rig.traits);
        expect(plans.at(-1)?.label).toMatch('gemm.plain');
        for (const plan of plans) {
          const got = await rig.run(plan, [a, b], splits * batch * m * n);
          expect(worstError(sumParts(got, splits), want), plan.label).toBeLessThan(1e-5);
        }
      },
    );
  }

  it('splits a long k only where the output alone is too small', () => {
    const gpu = { software: false, subgroupSize: 32, maxInvocations: 256, maxWorkgroupStorage: 16384 };
    const one = { batch: 1, m: 64, n: 128, k: 6272, strideA: 0, strideB: 0, transposeA: true };
    expect(chooseSplits(one, gpu)).toBeGreaterThan(20);
    expect(chooseSplits({ ...one, m: 4096, n: 4096 }, gpu)).toBe(1);
    expect(chooseSplits({ ...one, k: 64 }, gpu)).toBe(1);
  });
});
