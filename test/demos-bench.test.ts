/** The kernel bench without a page: which cases belong to what, the roofline's arithmetic, labels, and the page's state. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BenchReport, type BenchResult, benchCases } from '../src/bench/index.ts';
import { casesOf } from '../src/demos/kernel-bench/cases.ts';
import { GROUPS, groupOf } from '../src/demos/kernel-bench/groups.ts';
import { logAxis, placeLabels, roof, rooflinePoints } from '../src/demos/kernel-bench/roofline.ts';
import { INITIAL_STATE, reduce } from '../src/demos/kernel-bench/state.ts';
import { bytes, number } from '../src/demos/kernel-bench/words.ts';

/** A result as a run gives it, with what matters here. */
function result(name: string, unit: 'GFLOP/s' | 'GB/s', rate: number, intensity?: number): BenchResult {
  return {
    name,
    members: 1,
    description: name,
    firstMs: 1,
    medianMs: 1,
    minimumMs: 1,
    samples: 5,
    runsPerSample: 1,
    rate: { unit, median: rate, best: rate },
    ...(intensity !== undefined && { intensity }),
    dispatches: 1,
    plannedBytes: 0,
    memory: { afterSecondRun: 0, afterLastRun: 0, flat: true },
  };
}

describe('the groups', () => {
  it('cover the catalogue, and leave out what needs a GiB', () => {
    const all = casesOf(
      GROUPS.map(({ name }) => name),
      [1, 3],
    );
    expect(all.map(({ name }) => name)).toEqual(
      benchCases([1, 3]).flatMap(({ name, large }) => (large ? [] : name)),
    );
    expect(all.some(({ large }) => large)).toBe(false);
    for (const { name } of GROUPS) expect(all.some((each) => groupOf(each.name) === name)).toBe(true);
  });

  it('give the cases of those that are chosen', () => {
    expect(casesOf(['gemm'], [1]).map(({ name }) => name)).toEqual(['gemm/512', 'gemm/1024']);
    expect(casesOf([], [1])).toEqual([]);
  });
});

describe('the roofline', () => {
  const ceilings = { gflops: 1000, gigabytes: 100 };

  it('rises with intensity to the ridge, and is flat behind it', () => {
    expect(roof(1, ceilings)).toBe(100);
    expect(roof(10, ceilings)).toBe(1000);
    expect(roof(500, ceilings)).toBe(1000);
    expect(roof(1, { gflops: 1000 })).toBeUndefined();
  });

  it('counts a rate of bytes in the operations that go with it, and leaves steps out', () => {
    const points = rooflinePoints({
      ceilings,
      results: [
        result('gemm/512', 'GFLOP/s', 500, 85),
        result('elementwise/add', 'GB/s', 60, 1 / 12),
        result('train-step/b8/56', 'GFLOP/s', 300),
      ],
    });
    expect(points.map(({ name }) => name)).toEqual(['gemm/512', 'elementwise/add']);
    expect(points[0]).toMatchObject({ rate: 500, share: 0.5, limit: 'arithmetic' });
    expect(points[1]!.rate).toBeCloseTo(5, 10);
    expect(points[1]!.share).toBeCloseTo(0.6, 10);
    expect(points[1]!.limit).toBe('memory');
  });

  it('has axes that hold every value, with the powers of ten between their ends', () => {
    const values = fc.array(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(values, (list) => {
        const { from, to, powers } = logAxis(list);
        expect(Math.min(...list)).toBeGreaterThan(from);
        expect(Math.max(...list)).toBeLessThan(to);
        for (const power of powers) {
          expect(power).toBeGreaterThanOrEqual(from);
          expect(power).toBeLessThanOrEqual(to);
        }
      }),
    );
    expect(logAxis([0, Number.POSITIVE_INFINITY]).powers).toEqual([1]);
  });

  it('writes names so that none covers another, as far as there is room', () => {
    const marks = Array.from({ length: 6 }, (_, i) => ({ name: `kernel/${i}`, x: 200, y: 100 + i }));
    const labels = placeLabels(marks, 700);
    for (const [i, a] of labels.entries()) {
      for (const b of labels.slice(i + 1)) {
        if (a.anchor === b.anchor) expect(Math.abs(a.y - b.y)).toBeGreaterThanOrEqual(11);
      }
    }
    expect(placeLabels([{ name: 'at the edge', x: 690, y: 50 }], 700)[0]!.anchor).toBe('end');
  });
});

describe('the page’s state', () => {
  const report: BenchReport = {
    adapter: 'a',
    date: '2020-01-01T00:00:00Z',
    seconds: 0,
    ceilings: { gflops: 1 },
    results: [result('gemm/512', 'GFLOP/s', 1)],
    failures: [{ name: 'gemm/1024', message: 'too large' }],
  };

  it('follows a run from its start to its report', () => {
    const first = reduce(INITIAL_STATE, { kind: 'run' });
    const begun = reduce(first, { kind: 'begin', cases: 2 });
    const one = reduce(begun, { kind: 'case', name: 'gemm/512' });
    const found = reduce(one, { kind: 'result', result: report.results[0]! });
    const two = reduce(found, { kind: 'case', name: 'gemm/1024' });
    expect(begun).toMatchObject({ running: true, progress: { cases: 2, done: 0 } });
    expect(two.progress).toEqual({ cases: 2, done: 1, current: 'gemm/1024' });
    expect(two.results).toHaveLength(1);
    const ended = reduce(two, { kind: 'ended', report });
    expect(ended).toMatchObject({ running: false, report, failures: report.failures });
  });

  it('forgets a run whose device is gone, keeps what it found, and takes no choice away', () => {
    const chosen = reduce(INITIAL_STATE, { kind: 'choose', group: 'head', chosen: true });
    const running = reduce(reduce(chosen, { kind: 'run' }), { kind: 'result', result: report.results[0]! });
    const lost = reduce(running, { kind: 'lost' });
    expect(lost.running).toBe(false);
    expect(lost.results).toHaveLength(1);
    expect(lost.groups.has('head')).toBe(true);
    expect(reduce(chosen, { kind: 'choose', group: 'head', chosen: false }).groups.has('head')).toBe(false);
    expect(INITIAL_STATE.groups.has('head')).toBe(false);
  });
});

describe('numbers in words', () => {
  it.each([
    [0, '0'],
    [0.01234, '0.0123'],
    [9.876, '9.88'],
    [123.4, '123'],
    [98765, '98765'],
  ])('%d is %s', (value, text) => expect(number(value)).toBe(text));

  it.each([
    [16, '16 bytes'],
    [134217728, '128 MiB'],
    [1.5 * 2 ** 30, '1.5 GiB'],
  ])('%d bytes are %s', (value, text) => expect(bytes(value)).toBe(text));
});
