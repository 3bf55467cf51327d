/** Benchmarks: that they exist, are found by name, and report sane numbers. How fast they are is not tested. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { caseName, workload } from '../src/bench/case.ts';
import {
  type BenchReport,
  benchCases,
  byFamily,
  ceilingShare,
  measureCase,
  reportText,
  runBench,
  selectCases,
} from '../src/bench/index.ts';
import { median } from '../src/bench/median.ts';
import { familyOf } from '../src/bench/profile.ts';
import { forwardFlops } from '../src/bench/steps.ts';
import { div, type Engine, mul, sum, Variable } from '../src/engine/index.ts';
import { main } from '../src/experiments/cli.ts';
import { openTestEngine } from './support/device.ts';

const names = (cases: readonly { name: string }[]) => cases.map(({ name }) => name);

describe('the catalogue', () => {
  it('has the cases that targets are named for, each with one and with three members', () => {
    const wanted = [
      ...['gemm/512', 'gemm/1024'],
      ...['conv1x1', 'depthwise3x3'].flatMap((name) =>
        ['forward', 'dx', 'dw'].map((way) => `${name}/${way}`),
      ),
      ...['train-step', 'attack-step'].flatMap((name) => [56, 112].map((size) => `${name}/b8/${size}`)),
    ];
    const known = names(benchCases());
    expect(known).toEqual(expect.arrayContaining(wanted.flatMap((name) => [name, `${name}/m3`])));
    expect(new Set(known).size).toBe(known.length);
  });

  it('counts three times the work for three members', () => {
    const [one, three] = [benchCases([1]), benchCases([3])];
    for (const [index, each] of one.entries()) {
      expect(each.work.amount).toBeGreaterThan(0);
      expect(three[index]!.work.amount).toBe(3 * each.work.amount);
    }
  });

  it('counts a network as the paper does: 221 million multiply-adds at 112×112', () => {
    expect(forwardFlops(112) / 8 / 2 / 1e6).toBeCloseTo(221, 0);
  });

  it('selects by the start of names, in its own order and without repeats', () => {
    expect(names(selectCases(['gemm', 'conv1x1/dw', 'gemm/512'], [1]))).toEqual([
      'gemm/512',
      'gemm/1024',
      'conv1x1/dw',
    ]);
    expect(names(selectCases(['gemm/512']))).toEqual(['gemm/512', 'gemm/512/m3']);
    expect(names(selectCases(['gemm/512/m3']))).toEqual(['gemm/512/m3']);
  });

  it('leaves what needs a GiB to those who name it', () => {
    const bare = names(selectCases([]));
    const large = names(benchCases()).filter((name) => name.startsWith('head/classes/1000000/'));
    expect(large).toHaveLength(4);
    expect(bare).toHaveLength(benchCases().length - large.length);
    expect(bare).not.toEqual(expect.arrayContaining(large.slice(0, 1)));
    expect(names(selectCases(['head/classes/1000000']))).toEqual(large);
    expect(names(selectCases(['head']))).toEqual(expect.arrayContaining(large));
  });

  it('knows how many operations a kernel does for a byte, and claims nothing of whole steps', () => {
    const of = (name: string) => selectCases([name], [1])[0]!.intensity;
    // 2 n³ operations over three matrices of n² numbers of 4 bytes.
    expect(of('gemm/512')).toBeCloseTo(512 / 6, 10);
    // One addition for two numbers in and one out.
    expect(of('elementwise/add')).toBeCloseTo(1 / 12, 10);
    // 9 multiply-adds a number: x and y of 8×28×28×256, 3×3×256 weights.
    const pixels = 8 * 28 * 28;
    expect(of('depthwise3x3/dx')).toBeCloseTo((18 * pixels) / (4 * (2 * pixels + 9)), 10);
    expect(of('train-step/b8/56')).toBeUndefined();
    expect(selectCases(['gemm/512/m3'])[0]!.intensity).toBe(of('gemm/512'));
  });

  it('names what there is when it is asked for what there is not', () => {
    expect(() => selectCases(['gemm', 'gem5'])).toThrow(
      /no benchmark is called 'gem5'.*gemm\/512.*train-step/,
    );
  });
});

describe('measuring', () => {
  let engine: Engine;
  let report: BenchReport;
  beforeAll(async () => {
    engine = await openTestEngine();
    report = await runBench(engine, selectCases(['depthwise3x3/forward', 'conv1x1/dw'], [1]), {
      seconds: 0,
      profile: true,
      meters: { peakMemory: () => 12345 },
    });
  });
  afterAll(() => engine.close());

  it('gives times in order and rates that follow from them', () => {
    expect(report.failures).toEqual([]);
    expect(names(report.results)).toEqual(['conv1x1/dw', 'depthwise3x3/forward']);
    for (const result of report.results) {
      expect(result.minimumMs).toBeGreaterThan(0);
      expect(result.medianMs).toBeGreaterThanOrEqual(result.minimumMs);
      expect(result.samples).toBeGreaterThanOrEqual(5);
      expect(result.rate.unit).toBe('GFLOP/s');
      expect(result.rate.best).toBeGreaterThanOrEqual(result.rate.median);
      expect(result.memory).toMatchObject({ flat: true, peakProcessBytes: 12345 });
      expect(ceilingShare(result, report.ceilings)).toBeGreaterThan(0);
    }
    const { work } = selectCases(['conv1x1/dw'], [1])[0]!;
    const [{ rate, medianMs } = report.results[0]!] = report.results;
    expect(rate.median * medianMs * 1e6).toBeCloseTo(work.amount, -3);
  });

  it('frees all that it allocated', () => {
    expect(engine.device.allocatedBytes).toBe(0);
  });

  it('stops when it is told to, keeps what is done, and frees the rest', async () => {
    const cancel = new AbortController();
    const cases = selectCases(['depthwise3x3/forward', 'conv1x1/dw'], [1]);
    const known = { gflops: 1 };
    const stopped = await runBench(engine, cases, {
      seconds: 0,
      signal: cancel.signal,
      ceilings: known,
      onResult: () => cancel.abort(),
    });
    expect(names(stopped.results)).toEqual(['conv1x1/dw']);
    expect(stopped).toMatchObject({ failures: [], ceilings: known });
    await expect(
      measureCase(engine, cases[1]!, { seconds: 0, signal: AbortSignal.abort(new Error('enough')) }),
    ).rejects.toThrow('enough');
    expect(engine.device.allocatedBytes).toBe(0);
  });

  it('lists every dispatch in the profile', () => {
    for (const { kernels = [], dispatches } of report.results) {
      expect(kernels.reduce((count, kernel) => count + kernel.dispatches, 0)).toBe(dispatches);
      if (engine.device.hasTimestamps) {
        for (const kernel of kernels) expect(kernel.milliseconds).toBeGreaterThanOrEqual(0);
      }
    }
  });

  it('prints every case, the adapter and the ceilings it was asked for', () => {
    expect(Object.keys(report.ceilings)).toEqual(['gflops']);
    const text = reportText(report);
    for (const part of [
      'conv1x1/dw',
      'depthwise3x3/forward',
      engine.name,
      'GFLOP/s of multiply-adds',
      'flat',
    ]) {
      expect(text).toContain(part);
    }
    const [header = '', ...rows] = text.split('\n').slice(3, 6);
    for (const row of rows) expect(row).toHaveLength(header.length);
  });

  it('survives JSON', () => {
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('refuses the time of a program that gives NaN, names the output and frees the program', async () => {
    const zero = new Variable({ name: 'zero', shape: [4] });
    const spec = {
      name: 'nothing',
      inputs: {},
      trace: () => ({ outputs: { ratio: div(zero.tensor(), sum(mul(zero.tensor(), 2))) }, updates: [] }),
    };
    const broken = {
      name: caseName('broken', 1),
      members: 1,
      description: '0/0',
      work: { unit: 'flop' as const, amount: 4 },
      prepare: () => workload(spec, {}, [zero]),
    };
    await expect(measureCase(engine, broken, { seconds: 0 })).rejects.toThrow(/nothing: ratio is NaN/);
    const { failures, results } = await runBench(engine, [broken], { seconds: 0 });
    expect(failures).toEqual([{ name: 'broken', message: expect.stringContaining('NaN') }]);
    expect(results).toEqual([]);
    expect(engine.device.allocatedBytes).toBe(0);
  });
});

describe('profiles', () => {
  it('group kernels that differ in shape and in fused work only', () => {
    expect(familyOf('gemm.subgroup8 6272×128×64 → add+mul')).toBe('gemm.subgroup8');
    expect(familyOf('depthwise.slide weight gradient 8×28×28×64 3×3')).toBe(
      'depthwise.slide weight gradient',
    );
    expect(familyOf('map add+mul 1×8×28×28×64')).toBe('map');
    expect(familyOf('sum+mul columns 1×6272×64 /8')).toBe('reduce columns');
    const grouped = byFamily([
      { label: 'map add 4', dispatches: 2, milliseconds: 1 },
      { label: 'gemm.plain 2×2×2', dispatches: 1, milliseconds: 5 },
      { label: 'map mul 8', dispatches: 1, milliseconds: 0.5 },
    ]);
    expect(grouped).toEqual([
      { label: 'gemm.plain', dispatches: 1, milliseconds: 5 },
      { label: 'map', dispatches: 3, milliseconds: 1.5 },
    ]);
  });

  it('takes the middle of samples', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(() => median([])).toThrow(RangeError);
  });
});

describe('facet bench', () => {
  async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
    const text = { out: '', err: '' };
    const spies = (['stdout', 'stderr'] as const).map((stream) =>
      vi.spyOn(process[stream], 'write').mockImplementation((chunk) => {
        text[stream === 'stdout' ? 'out' : 'err'] += chunk;
        return true;
      }),
    );
    try {
      return { code: await main(['bench', ...argv]), ...text };
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
  }

  it('lists names without an adapter', async () => {
    const { code, out } = await run('--list', '--json', '--members', '2', 'gemm');
    expect(code).toBe(0);
    expect(names(JSON.parse(out))).toEqual(['gemm/512/m2', 'gemm/1024/m2']);
    expect(names(JSON.parse((await run('--list', '--json')).out))).toHaveLength(benchCases().length);
  });

  it('says in one line what is wrong with a name or an option, and runs nothing', async () => {
    const unknown = await run('gemm/513');
    expect(unknown.code).toBe(1);
    expect(unknown.err).toMatch(/^facet: no benchmark is called 'gemm\/513'[^\n]*\n$/);
    for (const [option, value] of [
      ['--members', '1,0'],
      ['--seconds', 'long'],
    ]) {
      const { code, err } = await run(option!, value!);
      expect(code).not.toBe(0);
      expect(err).toMatch(/Expected/);
    }
  });

  it('prints only the report on stdout', async () => {
    const { code, out, err } = await run(
      'depthwise3x3/forward',
      '--members',
      '1',
      '--seconds',
      '0',
      '--json',
    );
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ results: [{ name: 'depthwise3x3/forward', dispatches: 1 }] });
    expect(err).toContain('bench: depthwise3x3/forward');
  });
});
