/** `facet bench-loader`: whether data keeps up with the device here. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type Command, InvalidArgumentError } from 'commander';
import { selectCases } from '../../bench/index.ts';
import {
  type LoaderResult,
  loaderText,
  measureLoader,
  measureWaiting,
  type WaitResult,
} from '../../bench/loader.ts';
import { packTar, type TarMember } from '../../bench/loader-tar.ts';
import {
  AUGMENTATIONS,
  type AugmentationName,
  type OpenFaceSet,
  openFaceSet,
  StreamedBatches,
  type StreamOptions,
} from '../../data/index.ts';
import { syntheticFaceSet } from '../../data/synthetic/index.ts';
import { Engine } from '../../engine/index.ts';
import { openAdapter } from '../../platform/node.ts';
import { defaultWorkerCount, startDecodeWorkers } from '../../platform/node-decode-workers.ts';
import { nodeDataHost } from '../../platform/node-images.ts';
import { adapterOption } from '../adapter-option.ts';
import { real, whole } from '../numbers.ts';

interface BenchLoaderOptions {
  readonly images: number;
  readonly size: number;
  readonly batch: number;
  readonly prefetch: number;
  readonly workers: readonly number[];
  readonly augment: readonly AugmentationName[];
  readonly seconds: number;
  readonly stepMs: readonly number[];
  readonly train?: boolean;
  readonly adapter: string;
  readonly json?: boolean;
}

const SHOTS = 8;
const STEPS = 20;
/** The training step that `--train` runs, and its batch. */
const TRAIN_CASE = { name: 'train-step/b8/56', batchSize: 8, size: 56 };

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

function wholeList(low: number, high: number): (text: string) => number[] {
  return (text) => text.split(',').map(whole(low, high));
}

function augmentList(text: string): AugmentationName[] {
  const names = Object.keys(AUGMENTATIONS);
  return text.split(',').map((name) => {
    if (!names.includes(name)) throw new InvalidArgumentError(`Expected names among ${names.join(', ')}.`);
    return name as AugmentationName;
  });
}

/** 0, 1, 2, 4, … up to what would be chosen without being told. */
function defaultWorkers(): number[] {
  const most = defaultWorkerCount();
  const powers = Array.from({ length: 8 }, (_, power) => 2 ** power).filter((count) => count < most);
  return [0, ...powers, most];
}

/** Adds `facet bench-loader` to the program. */
export function registerBenchLoader(program: Command): void {
  program
    .command('bench-loader')
    .description('images a second by worker threads, and how long training steps wait for them')
    .option(
      '--images <n>',
      'synthetic faces to draw and store as JPEG in a temporary tar',
      whole(8, 1e6),
      256,
    )
    .option('--size <pixels>', 'side of the stored and of the loaded pictures', whole(16, 512), 112)
    .option('--batch <n>', 'images in a batch', whole(1, 4096), 32)
    .option('--prefetch <n>', 'batches made ahead', whole(0, 64), 2)
    .option('--workers <list>', 'numbers of threads; 0 is none', wholeList(0, 128), defaultWorkers())
    .option('--augment <list>', 'augmentations: none, standard', augmentList, ['none', 'standard'])
    .option('--seconds <n>', 'time to count images in, each', real(0, 3600), 3)
    .option(
      '--step-ms <list>',
      'lengths of steps that leave the CPU alone, as a GPU does',
      wholeList(0, 1e5),
      [100],
    )
    .option('--train', `also wait with a real step, ${TRAIN_CASE.name}, on the adapter`)
    .option('--json', 'print the results as JSON')
    .addOption(adapterOption('what trains'))
    .action(run);
}

async function run(options: BenchLoaderOptions): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'facet-bench-'));
  try {
    const path = join(folder, 'faces.tar');
    log(`bench-loader: drawing ${options.images} faces`);
    await writeFile(path, packTar(await drawnFaces(options)));
    const faces = await openFaceSet(path, nodeDataHost);
    try {
      const results = await measureAll(faces, options);
      process.stdout.write(`${options.json ? JSON.stringify(results, null, 2) : loaderText(results)}\n`);
    } finally {
      await faces.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function drawnFaces({ images, size }: BenchLoaderOptions): Promise<TarMember[]> {
  // Loaded here, so that the other commands start without it.
  const { default: sharp } = await import('sharp');
  const set = syntheticFaceSet({ seed: 1, identities: Math.ceil(images / SHOTS), shotsPerIdentity: SHOTS });
  const members: TarMember[] = [];
  for (let image = 0; image < images; image++) {
    const pixels = await set.read(image, size);
    const raw = { width: size, height: size, channels: 3 } as const;
    const bytes = await sharp(pixels, { raw }).jpeg({ quality: 90 }).toBuffer();
    members.push({ name: `${set.imageName(image)}.jpg`, bytes });
  }
  return members;
}

async function measureAll(faces: OpenFaceSet, options: BenchLoaderOptions): Promise<LoaderResult[]> {
  const trainer = options.train ? await openTrainer(options.adapter) : undefined;
  try {
    const results: LoaderResult[] = [];
    for (const augment of options.augment) {
      for (const workers of options.workers) {
        const result = await measureOne(faces, options, augment, workers, trainer);
        log(`bench-loader: ${augment}, ${workers} workers: ${result.imagesPerSecond.toFixed(0)} images/s`);
        results.push(result);
      }
    }
    return results;
  } finally {
    trainer?.close();
  }
}

async function measureOne(
  faces: OpenFaceSet,
  { size, batch, prefetch, seconds, stepMs }: BenchLoaderOptions,
  augment: AugmentationName,
  workers: number,
  trainer: Trainer | undefined,
): Promise<LoaderResult> {
  const withSource = async <T>(
    options: Pick<StreamOptions, 'batchSize' | 'size'>,
    use: (source: StreamedBatches) => Promise<T>,
  ): Promise<T> => {
    const source = new StreamedBatches(faces, {
      ...options,
      batchSize: Math.min(options.batchSize, faces.labels.length),
      prefetch,
      augment: AUGMENTATIONS[augment],
      ...(workers > 0 && { workers: (config) => startDecodeWorkers(config, { count: workers }) }),
    });
    try {
      return await use(source);
    } finally {
      await source.close();
    }
  };

  const shape = { batchSize: batch, size };
  const rate = await withSource(shape, (source) =>
    measureLoader(source, { seconds, prefetch, cpuTime, busyTime }),
  );
  const waits: WaitResult[] = [];
  for (const ms of stepMs) {
    const pause = () => new Promise<void>((resolve) => setTimeout(resolve, ms));
    waits.push(await withSource(shape, (source) => measureWaiting(source, `${ms} ms`, pause, STEPS)));
  }
  if (trainer) {
    waits.push(
      await withSource(TRAIN_CASE, (source) => measureWaiting(source, TRAIN_CASE.name, trainer.step, STEPS)),
    );
  }
  return { augment, workers, ...rate, waits };
}

function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function busyTime(): number {
  return performance.eventLoopUtilization().active;
}

interface Trainer {
  /** One training step, to its end, its images uploaded. */
  readonly step: () => Promise<void>;
  close(): void;
}

async function openTrainer(preference: string): Promise<Trainer> {
  const { adapter } = await openAdapter({ preference, announce: log });
  const engine = await Engine.open(adapter);
  try {
    const bench = selectCases([TRAIN_CASE.name], [1])[0]!;
    const compiled = await bench.prepare().compile(engine);
    await engine.idle();
    return {
      step: async () => {
        compiled.run();
        await engine.idle();
      },
      close: () => {
        compiled.free();
        engine.close();
      },
    };
  } catch (error) {
    engine.close();
    throw error;
  }
}
