/** How fast batches come, and how long a training step waits for them. */
import type { BatchSource } from '../data/batch-source.ts';

/** Batches in a row, from the first of epoch 0 on and on through the epochs. */
class Reader {
  readonly #source: BatchSource;
  #next = 0;

  constructor(source: BatchSource) {
    this.#source = source;
  }

  async read(): Promise<void> {
    const number = this.#next++;
    const { stepsPerEpoch } = this.#source;
    await this.#source.read(Math.floor(number / stepsPerEpoch), number % stepsPerEpoch);
  }
}

/** One way to load, measured. */
export interface LoaderResult {
  /** Name of the augmentation. */
  readonly augment: string;
  /** Threads; 0 where the caller's decodes and augments. */
  readonly workers: number;
  readonly imagesPerSecond: number;
  /** CPU time of an image in ms, over all threads: steadier than the clock where others compute. */
  readonly cpuMs?: number;
  /** Time that the reading thread, which also feeds the device, is busy for an image, in ms. */
  readonly mainMs?: number;
  readonly waits: readonly WaitResult[];
}

/** Steps that follow each other as in training. */
export interface WaitResult {
  /** What the step is: '100 ms', 'train-step/b8/56'. */
  readonly step: string;
  /** Mean of steps in a row that need no data. */
  readonly aloneMs: number;
  /** Mean of a step, its wait not counted. */
  readonly stepMs: number;
  /** Mean wait for a batch. */
  readonly waitMs: number;
  /** Waiting as a share of all the time, 0 to 1. */
  readonly waitShare: number;
  /** What loading costs: 1 − aloneMs / (stepMs + waitMs). Steps also grow longer where loading takes their thread. */
  readonly lostShare: number;
}

export interface MeasureLoaderOptions {
  readonly seconds: number;
  /** Batches that the source makes ahead: with the first, they are not counted, since threads start and buffers fill. */
  readonly prefetch: number;
  /** CPU time of the process so far, all threads, in ms. */
  readonly cpuTime?: () => number;
  /** Time that this thread has been busy so far, in ms. */
  readonly busyTime?: () => number;
}

/** Images a second when nothing else is done with them, over `seconds` and at least eight batches. */
export async function measureLoader(
  source: BatchSource,
  { seconds, prefetch, cpuTime, busyTime }: MeasureLoaderOptions,
): Promise<Pick<LoaderResult, 'imagesPerSecond' | 'cpuMs' | 'mainMs'>> {
  const reader = new Reader(source);
  for (let i = 0; i <= prefetch; i++) await reader.read();
  const start = performance.now();
  const before = { cpu: cpuTime?.(), busy: busyTime?.() };
  let images = 0;
  while (images < 8 * source.batchSize || performance.now() - start < seconds * 1000) {
    await reader.read();
    images += source.batchSize;
  }
  const imagesPerSecond = (images * 1000) / (performance.now() - start);
  const each = (since: number | undefined, now: number | undefined) =>
    since === undefined || now === undefined ? undefined : (now - since) / images;
  const cpuMs = each(before.cpu, cpuTime?.());
  const mainMs = each(before.busy, busyTime?.());
  return { imagesPerSecond, ...(cpuMs !== undefined && { cpuMs }), ...(mainMs !== undefined && { mainMs }) };
}

const ALONE = 5;

/**
 * Lets `step` run `count` times, each after a batch has come, and says how long was waited; before that, a few times
 * without data. The first batch, which nothing could make ahead, is not counted.
 */
export async function measureWaiting(
  source: BatchSource,
  name: string,
  step: () => Promise<void>,
  count: number,
): Promise<WaitResult> {
  await step();
  const began = performance.now();
  for (let i = 0; i < ALONE; i++) await step();
  const aloneMs = (performance.now() - began) / ALONE;
  const reader = new Reader(source);
  await reader.read();
  await step();
  let waited = 0;
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    const asked = performance.now();
    await reader.read();
    waited += performance.now() - asked;
    await step();
  }
  const total = performance.now() - start;
  return {
    step: name,
    aloneMs,
    stepMs: (total - waited) / count,
    waitMs: waited / count,
    waitShare: waited / total,
    lostShare: 1 - (aloneMs * count) / total,
  };
}

/** A table for people; rates are compared with the first row of the same augmentation. */
export function loaderText(results: readonly LoaderResult[]): string {
  const steps = [...new Set(results.flatMap(({ waits }) => waits.map(({ step }) => step)))];
  const rows = results.map((result) => {
    const base = results.find(({ augment }) => augment === result.augment)!;
    const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
    const waits = steps.flatMap((step) => {
      const wait = result.waits.find((each) => each.step === step);
      return wait ? [percent(wait.waitShare), percent(wait.lostShare)] : ['–', '–'];
    });
    return [
      result.augment,
      String(result.workers),
      result.imagesPerSecond.toFixed(0),
      `×${(result.imagesPerSecond / base.imagesPerSecond).toFixed(2)}`,
      ...[result.cpuMs, result.mainMs].map((ms) => (ms === undefined ? '–' : ms.toFixed(2))),
      ...waits,
    ];
  });
  const heads = [
    'augment',
    'workers',
    'images/s',
    '',
    'CPU ms',
    'main ms',
    ...steps.flatMap((step) => [`${step} waits`, 'loses']),
  ];
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ');
  return [heads, ...rows].map(line).join('\n');
}
