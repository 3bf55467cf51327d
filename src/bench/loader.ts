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
  readonly waits: readonly WaitResult[];
}

/** Steps that follow each other as in training. */
export interface WaitResult {
  /** What the step is: '100 ms', 'train-step/b8/56'. */
  readonly step: string;
  /** Mean of a step without waiting. */
  readonly stepMs: number;
  /** Mean wait for its batch. */
  readonly waitMs: number;
  /** Waiting as a share of all the time, 0 to 1. */
  readonly waitShare: number;
}

/**
 * Images a second when nothing else is done with them, over `seconds` and at least eight batches. What starts threads
 * and fills buffers, the first prefetch + 1 batches, is not counted.
 */
export async function measureLoader(source: BatchSource, seconds: number, prefetch: number): Promise<number> {
  const reader = new Reader(source);
  for (let i = 0; i <= prefetch; i++) await reader.read();
  const start = performance.now();
  let batches = 0;
  while (batches < 8 || performance.now() - start < seconds * 1000) {
    await reader.read();
    batches++;
  }
  return (batches * source.batchSize * 1000) / (performance.now() - start);
}

/**
 * Lets `step` run `count` times, each after a batch has come, and says how long was waited. The first batch, which
 * nothing could make ahead, is not counted.
 */
export async function measureWaiting(
  source: BatchSource,
  name: string,
  step: () => Promise<void>,
  count: number,
): Promise<WaitResult> {
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
    stepMs: (total - waited) / count,
    waitMs: waited / count,
    waitShare: waited / total,
  };
}

/** A table for people; the last column of images/s is beside the first row of the same augmentation. */
export function loaderText(results: readonly LoaderResult[]): string {
  const steps = [...new Set(results.flatMap(({ waits }) => waits.map(({ step }) => step)))];
  const rows = results.map((result) => {
    const base = results.find(({ augment }) => augment === result.augment)!;
    const waits = steps.map((step) => {
      const wait = result.waits.find((each) => each.step === step);
      return wait ? `${(wait.waitShare * 100).toFixed(1)} %` : '–';
    });
    return [
      result.augment,
      String(result.workers),
      result.imagesPerSecond.toFixed(0),
      `×${(result.imagesPerSecond / base.imagesPerSecond).toFixed(2)}`,
      ...waits,
    ];
  });
  const heads = ['augment', 'workers', 'images/s', '', ...steps.map((step) => `waits of ${step}`)];
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ');
  return [heads, ...rows].map(line).join('\n');
}
