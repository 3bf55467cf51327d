/** Heads over chunks of classes, their classifier and optimiser, and Partial FC: against float64 and the plain heads. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileGraph } from '../src/engine/compiler/index.ts';
import {
  add,
  after,
  assignRows,
  constant,
  customGradient,
  type Engine,
  gradients,
  type InputSpec,
  input,
  matmul,
  mean,
  mul,
  ParameterSet,
  type ProgramSpec,
  scalarInput,
  sgd,
  square,
  sum,
  type Tensor,
  Variable,
} from '../src/engine/index.ts';
import type { AdapterTraits } from '../src/engine/kernels/plan.ts';
import { arcFaceHead } from '../src/losses/arcface.ts';
import {
  type ChunkedHead,
  chunkedArcFaceHead,
  chunkedCosFaceHead,
  chunkedSoftmaxHead,
} from '../src/losses/chunked-head.ts';
import { ClassSampler } from '../src/losses/class-sampler.ts';
import { cosFaceHead } from '../src/losses/cosface.ts';
import { totalLoss } from '../src/losses/diversity.ts';
import { type Head, requireScores } from '../src/losses/head.ts';
import { softmaxHead } from '../src/losses/softmax.ts';
import { chunkSgd } from '../src/models/chunk-sgd.ts';
import { ChunkedClassifier, chunkSize } from '../src/models/chunked-classifier.ts';
import { Classifier } from '../src/models/classifier.ts';
import { openTestEngine } from './support/device.ts';
import { expectClose, normals, numericalGradient } from './support/float64.ts';
import {
  arcFaceLogits,
  cosFaceLogits,
  headLosses,
  type Sizes,
  softmaxLogits,
} from './support/loss-oracle.ts';

const CLASSES = 7;
const BATCH = 5;
const SIZE = 9;
/** Two images of one person; the first, a middle and the last class. */
const LABELS = Int32Array.of(0, 3, 6, 3, 2);

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.close());

type Logits = Parameters<typeof headLosses>[0];

interface Case {
  readonly members: number;
  readonly sets: number;
  readonly features: Float32Array;
  readonly weights: Float32Array;
}

function makeCase(members: number, shared: boolean, stretch = 1): Case {
  const sets = shared ? 1 : members;
  return {
    members,
    sets,
    features: normals(members * BATCH * SIZE, 1).map((v) => stretch * v),
    weights: normals(sets * CLASSES * SIZE, 2).map((v) => stretch * v),
  };
}

interface Result {
  readonly losses: Float32Array;
  readonly correct: Float32Array;
  readonly byFeatures: Float32Array;
  /** In the layout of the whole weights, [sets, CLASSES, SIZE]. */
  readonly byWeights: Float32Array;
}

/** Losses of each example, and gradients of their mean over images, summed over members. */
async function evaluate(
  { members, sets, features, weights }: Case,
  sizes: readonly number[],
  lossOf: (features: Tensor, weights: Tensor[], labels: Tensor) => { loss: Tensor; correct: Tensor },
): Promise<Result> {
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((a, b) => a + b, 0));
  const program = await engine.compile<string, string>({
    name: 'chunked head',
    inputs: {
      features: input([members, BATCH, SIZE]),
      labels: input([BATCH], 'i32'),
      ...Object.fromEntries(sizes.map((size, i) => [`w${i}`, input([sets, size, SIZE])])),
    },
    trace: (inputs) => {
      const chunks = sizes.map((_, i) => inputs[`w${i}`]!);
      const { loss, correct } = lossOf(inputs.features!, chunks, inputs.labels!);
      const [byFeatures, ...byChunk] = gradients(totalLoss(loss), [inputs.features!, ...chunks]);
      const slopes = Object.fromEntries(byChunk.map((slope, i) => [`d${i}`, slope]));
      return { outputs: { losses: loss, correct, byFeatures: byFeatures!, ...slopes } };
    },
  });
  const part = (set: number, i: number) => {
    const start = (set * CLASSES + starts[i]!) * SIZE;
    return [start, start + sizes[i]! * SIZE] as const;
  };
  const values = sizes.map((size, i) => {
    const chunk = new Float32Array(sets * size * SIZE);
    for (let set = 0; set < sets; set++) chunk.set(weights.subarray(...part(set, i)), set * size * SIZE);
    return [`w${i}`, chunk] as const;
  });
  const run = program.run({ features, labels: LABELS, ...Object.fromEntries(values) });
  const out = (await run.read()) as Record<string, Float32Array>;
  program.free();
  const byWeights = new Float32Array(weights.length);
  for (const [i, size] of sizes.entries()) {
    for (let set = 0; set < sets; set++) {
      byWeights.set(out[`d${i}`]!.subarray(set * size * SIZE, (set + 1) * size * SIZE), part(set, i)[0]);
    }
  }
  return { losses: out.losses!, correct: out.correct!, byFeatures: out.byFeatures!, byWeights };
}

const evaluateChunked = (test: Case, sizes: readonly number[], head: ChunkedHead) =>
  evaluate(test, sizes, (features, weights, labels) => head({ features, weights, labels }));

const evaluatePlain = (test: Case, head: Head) =>
  evaluate(test, [CLASSES], (features, [weights], labels) => head({ features, weights: weights!, labels }));

function expectOracle(result: Result, { members, features, weights }: Case, logits: Logits): void {
  const sizes: Sizes = { members, batch: BATCH, classes: CLASSES, size: SIZE };
  const losses = (f: ArrayLike<number>, w: ArrayLike<number>) => headLosses(logits, sizes, f, w, LABELS);
  const total = (f: ArrayLike<number>, w: ArrayLike<number>) =>
    losses(f, w).reduce((a, b) => a + b, 0) / BATCH;
  expectClose(result.losses, losses(features, weights), 1e-5, 'losses');
  const byFeatures = numericalGradient((f) => total(f, weights), features);
  expectClose(result.byFeatures, byFeatures, 1e-4, 'by features');
  const byWeights = numericalGradient((w) => total(features, w), weights);
  expectClose(result.byWeights, byWeights, 1e-4, 'by weights');
}

function expectSame(chunked: Result, plain: Result): void {
  expectClose(chunked.losses, plain.losses, 2e-6, 'losses');
  expect(Array.from(chunked.correct)).toEqual(Array.from(plain.correct));
  expectClose(chunked.byFeatures, plain.byFeatures, 2e-6, 'by features');
  expectClose(chunked.byWeights, plain.byWeights, 2e-6, 'by weights');
}

const HEADS: readonly [string, Head, ChunkedHead, Logits][] = [
  ['softmax', softmaxHead(), chunkedSoftmaxHead(), softmaxLogits],
  [
    'CosFace',
    cosFaceHead({ margin: 0.35, scale: 8 }),
    chunkedCosFaceHead({ margin: 0.35, scale: 8 }),
    cosFaceLogits(0.35, 8),
  ],
  [
    'ArcFace',
    arcFaceHead({ margin: 0.5, scale: 8 }),
    chunkedArcFaceHead({ margin: 0.5, scale: 8 }),
    arcFaceLogits(0.5, 8, false),
  ],
  [
    'ArcFace, easy margin',
    arcFaceHead({ margin: 0.5, scale: 8, easyMargin: true }),
    chunkedArcFaceHead({ margin: 0.5, scale: 8, easyMargin: true }),
    arcFaceLogits(0.5, 8, true),
  ],
];

describe('heads over chunks', () => {
  for (const [name, plain, chunked, logits] of HEADS) {
    for (const [frame, members, shared] of [
      ['shared by three members', 3, true],
      ['of their own', 3, false],
      ['of one network', 1, true],
    ] as const) {
      if (name.includes('easy') && frame !== 'shared by three members') continue;
      it(`${name} with weight vectors ${frame}: float64 values and gradients, and those of the plain head`, async () => {
        const test = makeCase(members, shared);
        const result = await evaluateChunked(test, [3, 1, 3], chunked);
        expectOracle(result, test, logits);
        expectSame(result, await evaluatePlain(test, plain));
      });
    }
  }

  it.each([
    ['one chunk', [7]],
    ['chunks of one class', [1, 1, 1, 1, 1, 1, 1]],
    ['chunks that no label is in', [1, 1, 1, 1, 2, 1]],
    ['a last chunk of one', [4, 2, 1]],
  ])('do not depend on how classes are cut: %s', async (_, sizes) => {
    const test = makeCase(3, true);
    expectSame(
      await evaluateChunked(test, sizes, chunkedSoftmaxHead()),
      await evaluatePlain(test, softmaxHead()),
    );
  });

  it('stay exact where scores are in the thousands', async () => {
    const test = makeCase(3, true, 30);
    const result = await evaluateChunked(test, [3, 4], chunkedSoftmaxHead());
    const sizes: Sizes = { members: 3, batch: BATCH, classes: CLASSES, size: SIZE };
    const losses = headLosses(softmaxLogits, sizes, test.features, test.weights, LABELS);
    expect(Math.max(...losses)).toBeGreaterThan(1000);
    expectClose(result.losses, losses, 1e-5, 'losses');
    expectSame(result, await evaluatePlain(test, softmaxHead()));
    expect(result.byWeights.every(Number.isFinite)).toBe(true);
  });

  it('count a tie with the largest other score as correct, as the plain head does', async () => {
    const test = makeCase(1, true);
    for (let k = 0; k < CLASSES; k++) test.weights.set(test.weights.subarray(0, SIZE), k * SIZE);
    const { correct, losses } = await evaluateChunked(test, [3, 4], chunkedSoftmaxHead());
    expect(Array.from(correct)).toEqual(Array(BATCH).fill(1));
    expectClose(losses, Array(BATCH).fill(Math.log(CLASSES)), 1e-6, 'losses of equal scores');
  });

  it('refuse chunks that do not belong together, a single class and too many chunks', () => {
    const tensor = (...shape: number[]) => constant(new Float32Array(shape.reduce((a, b) => a * b)), shape);
    const head = chunkedSoftmaxHead();
    const labels = constant([0, 1], [2], 'i32');
    const call = (...weights: Tensor[]) => head({ features: tensor(3, 2, 4), weights, labels });
    expect(() => call(tensor(1, 5, 4), tensor(3, 5, 4))).toThrow(/2 chunks \[1, 5, 4\], \[3, 5, 4\]/);
    expect(() => call(tensor(1, 5, 4), tensor(1, 5, 3))).toThrow(/chunkedScores: expected features/);
    expect(() => call(tensor(2, 5, 4))).toThrow(/\[2, 5, 4\]/);
    expect(() => call(tensor(1, 1, 4))).toThrow(/two identities or more/);
    expect(() => call()).toThrow(/0 chunks/);
    expect(() => call(...Array.from({ length: 1025 }, () => tensor(1, 1, 4)))).toThrow(/1025 chunks/);
  });

  it('have no scores, and who needs them says so', () => {
    const tensor = (...shape: number[]) => constant(new Float32Array(shape.reduce((a, b) => a * b)), shape);
    const labels = constant([0, 1], [2], 'i32');
    const features = tensor(3, 2, 4);
    const chunked = chunkedSoftmaxHead()({ features, weights: [tensor(1, 5, 4)], labels });
    expect(() => requireScores('ADP', chunked)).toThrow(/^ADP: expected a head that holds the scores/);
    const plain = softmaxHead()({ features, weights: tensor(1, 5, 4), labels });
    expect(requireScores('ADP', plain)).toBe(plain.scores);
  });
});

/** A linear network, a classifier in chunks and their optimisers: [1, BATCH, INPUTS] → features of every member. */
const INPUTS = 6;
const MOMENTUM = 0.9;
const DECAY = 5e-3;

interface Trainer {
  readonly members: number;
  readonly shared: boolean;
  readonly classes: number;
  readonly size: number;
  readonly head: ChunkedHead;
}

function linearNetwork({ members, size }: Pick<Trainer, 'members' | 'size'>): ParameterSet {
  const initial = normals(members * INPUTS * size, 5).map((v) => v / 2);
  return new ParameterSet('network', [{ path: 'w', shape: [members, INPUTS, size], initial }]);
}

/** One training step over chunks, as the engine traces it; with `counts`, on a sample of so many rows of each. */
function chunkedStep(
  { members, shared, classes, size, head }: Trainer,
  most: number,
  batch: number,
  counts?: readonly number[],
) {
  const network = linearNetwork({ members, size });
  const classifier = new ChunkedClassifier({
    classes,
    embeddingSize: size,
    members,
    shared,
    seed: 4,
    chunkSize: most,
  });
  const ofNetwork = sgd(network, { momentum: MOMENTUM });
  const ofChunks = classifier.chunks.map((chunk) =>
    chunkSgd(chunk, { momentum: MOMENTUM, weightDecay: DECAY }),
  );
  const total = counts?.reduce((a, b) => a + b, 0) ?? 1;
  const spec: ProgramSpec<'x' | 'labels' | 'rows' | 'rate', 'loss' | 'accuracy'> = {
    name: 'chunked step',
    inputs: {
      x: input([1, batch, INPUTS]),
      labels: input([batch], 'i32'),
      rows: input([total], 'i32'),
      rate: scalarInput(),
    },
    trace: ({ x, labels, rows, rate }) => {
      const features = matmul(x, network.tensor('w'));
      const sample = counts && classifier.sampled(rows, counts);
      const weights = sample ? sample.map((chunk) => chunk.weights) : classifier.weights();
      const { loss, correct } = head({ features, weights, labels });
      const [byNetwork, ...byChunk] = gradients(totalLoss(loss), [network.tensor('w'), ...weights]);
      const updates = byChunk.flatMap((slope, i) =>
        sample
          ? ofChunks[i]!.stepRows(sample[i]!, slope, rate)
          : ofChunks[i]!.step(new Map([['weight', slope]]), rate),
      );
      updates.push(...ofNetwork.step(new Map([['w', byNetwork!]]), rate));
      return { outputs: { loss: totalLoss(loss), accuracy: mean(correct) }, updates };
    },
  };
  return { spec, network, classifier, optimizers: ofChunks };
}

/** Bytes of intermediate values that the compiler plans for a program, without a device. */
function plannedBytes<Inputs extends string>(
  { inputs, trace }: ProgramSpec<Inputs, string>,
  traits: AdapterTraits,
): number {
  const symbolic = Object.entries<InputSpec>(inputs).map(([name, { shape, dtype }]) => [
    name,
    new Variable({ name, shape, dtype }).tensor(),
  ]);
  const graph = compileGraph(trace(Object.fromEntries(symbolic)), {
    traits,
    immediates: true,
    mostBuffers: 10,
    choosePlan: (_, candidates) => candidates[0]!,
  });
  expect(graph.steps.map((step) => step.label).join('\n')).not.toMatch(/^map copy/m);
  return graph.memory.bytes;
}

const LIMITS = { maxInvocations: 256, maxWorkgroupStorage: 16_384 };
const SOFTWARE: AdapterTraits = { software: true, subgroupSize: 8, ...LIMITS };
const GPU: AdapterTraits = { software: false, subgroupSize: 0, ...LIMITS };

describe('training over chunks', () => {
  const [members, classes, size, batch] = [3, 10, 5, 4];
  const batchOf = (step: number) => ({
    x: normals(batch * INPUTS, 100 + step),
    labels: Int32Array.from({ length: batch }, (_, n) => (step * 3 + n * n) % classes),
    rate: 0.1,
  });
  const STEPS = 5;

  async function trainPlain(
    head: Head,
    shared: boolean,
  ): Promise<{ weights: Float32Array; network: Float32Array }> {
    const network = linearNetwork({ members, size });
    const classifier = new Classifier({ classes, embeddingSize: size, members, shared, seed: 4 });
    const steps = [
      sgd(classifier.parameters, { momentum: MOMENTUM, weightDecay: DECAY }),
      sgd(network, { momentum: MOMENTUM }),
    ];
    const program = await engine.compile({
      name: 'plain step',
      inputs: { x: input([1, batch, INPUTS]), labels: input([batch], 'i32'), rate: scalarInput() },
      trace: ({ x, labels, rate }) => {
        const features = matmul(x, network.tensor('w'));
        const { loss } = head({ features, weights: classifier.weights(), labels });
        const [byWeights, byNetwork] = gradients(totalLoss(loss), [
          classifier.weights(),
          network.tensor('w'),
        ]);
        return {
          outputs: { loss: totalLoss(loss) },
          updates: [
            ...steps[0]!.step(new Map([['weight', byWeights!]]), rate),
            ...steps[1]!.step(new Map([['w', byNetwork!]]), rate),
          ],
        };
      },
    });
    for (let step = 0; step < STEPS; step++) program.run(batchOf(step));
    return {
      weights: (await engine.readParameters(classifier.parameters)).get('weight')!,
      network: (await engine.readParameters(network)).get('w')!,
    };
  }

  /** Rows of all chunks as one table [sets, classes, size]. */
  async function readWhole(classifier: ChunkedClassifier, sets: number): Promise<Float32Array> {
    const whole = new Float32Array(sets * classes * size);
    let start = 0;
    for (const [i, chunk] of classifier.chunks.entries()) {
      const values = (await engine.readParameters(chunk)).get('weight')!;
      const length = classifier.sizes[i]! * size;
      for (let set = 0; set < sets; set++) {
        whole.set(values.subarray(set * length, (set + 1) * length), (set * classes + start) * size);
      }
      start += classifier.sizes[i]!;
    }
    return whole;
  }

  it.each([
    ['softmax, shared', softmaxHead(), chunkedSoftmaxHead(), true],
    ['CosFace, separate', cosFaceHead({ scale: 8 }), chunkedCosFaceHead({ scale: 8 }), false],
  ] as const)(
    'leaves the weights that training with the plain head leaves: %s',
    async (_, plain, head, shared) => {
      const expected = await trainPlain(plain, shared);
      const trainer = { members, shared, classes, size, head };
      const sizes = [4, 4, 2];
      for (const fraction of [undefined, 1]) {
        const sampler = fraction && new ClassSampler({ sizes, fraction, batchSize: batch, seed: 1 });
        const made = chunkedStep(trainer, 4, batch, sampler ? sampler.counts : undefined);
        const program = await engine.compile(made.spec);
        expect(program.labels.join('\n')).not.toMatch(/^map copy/m);
        for (let step = 0; step < STEPS; step++) {
          const { x, labels, rate } = batchOf(step);
          const sample = sampler ? sampler.sample(labels, step) : { rows: Int32Array.of(0), labels };
          program.run({ x, rate, ...sample });
        }
        const what = fraction ? 'all rows as a sample' : 'chunks';
        const weights = await readWhole(made.classifier, shared ? 1 : members);
        expectClose(weights, expected.weights, 2e-6, `${what}: weight vectors`);
        const network = (await engine.readParameters(made.network)).get('w')!;
        expectClose(network, expected.network, 2e-6, `${what}: network`);
        program.free();
      }
    },
  );

  it('starts from the values of the plain classifier', () => {
    const options = { classes, embeddingSize: size, members, seed: 9 };
    const plain = new Classifier(options).parameters;
    const chunked = new ChunkedClassifier({ ...options, chunkSize: 4 });
    expect(chunked.sizes).toEqual([4, 4, 2]);
    const flat = plain.unflatten(plain.flat.initial as Float32Array).get('weight')!;
    let start = 0;
    for (const [i, chunk] of chunked.chunks.entries()) {
      const values = chunk.unflatten(chunk.flat.initial as Float32Array).get('weight')!;
      const length = chunked.sizes[i]! * size;
      for (let m = 0; m < members; m++) {
        const first = (m * classes + start) * size;
        expect(values.subarray(m * length, (m + 1) * length)).toEqual(flat.subarray(first, first + length));
      }
      start += chunked.sizes[i]!;
    }
  });

  it('of a sample changes its rows and their momentum alone, as a plain head of those classes would', async () => {
    const sizes = [4, 4, 2];
    const trainer = { members, shared: true, classes, size, head: chunkedSoftmaxHead() };
    const sampler = new ClassSampler({ sizes, fraction: 0.25, batchSize: 2, seed: 3 });
    const { spec, classifier, optimizers } = chunkedStep(trainer, 4, 2, sampler.counts);
    const before = classifier.chunks.map((chunk) => (chunk.flat.initial as Float32Array).slice());
    const labels = Int32Array.of(5, 1);
    const sample = sampler.sample(labels, 0);
    const x = normals(2 * INPUTS, 8);
    const program = await engine.compile(spec);
    program.run({ x, rate: 0.1, ...sample });

    // The same in float64: features, softmax over the sampled classes, gradient, one step from momentum 0.
    const chosen: { chunk: number; row: number; w: number[] }[] = [];
    let place = 0;
    for (const [chunk, count] of sampler.counts.entries()) {
      for (let i = 0; i < count; i++) {
        const row = sample.rows[place++]!;
        chosen.push({ chunk, row, w: Array.from(before[chunk]!.subarray(row * size, (row + 1) * size)) });
      }
    }
    const network = linearNetwork({ members, size }).flat.initial as Float32Array;
    const features = new Float64Array(members * 2 * size);
    for (let m = 0; m < members; m++) {
      for (let n = 0; n < 2; n++) {
        for (let e = 0; e < size; e++) {
          for (let d = 0; d < INPUTS; d++) {
            features[(m * 2 + n) * size + e]! += x[n * INPUTS + d]! * network[(m * INPUTS + d) * size + e]!;
          }
        }
      }
    }
    const table = chosen.flatMap(({ w }) => w);
    const shape: Sizes = { members, batch: 2, classes: chosen.length, size };
    const total = (w: ArrayLike<number>) =>
      headLosses(softmaxLogits, shape, features, w, sample.labels).reduce((a, b) => a + b, 0) / 2;
    const slope = numericalGradient(total, table);

    for (const [i, chunk] of classifier.chunks.entries()) {
      const after = (await engine.read(chunk.flat)) as Float32Array;
      const velocity = (await engine.read(optimizers[i]!.state[0]!.flat)) as Float32Array;
      for (let row = 0; row < sizes[i]!; row++) {
        const at = chosen.findIndex((each) => each.chunk === i && each.row === row);
        const now = after.subarray(row * size, (row + 1) * size);
        const moved = velocity.subarray(row * size, (row + 1) * size);
        const was = before[i]!.subarray(row * size, (row + 1) * size);
        if (at < 0) {
          expect(now).toEqual(was);
          expect(moved).toEqual(new Float32Array(size));
          continue;
        }
        const v = Array.from(was, (w, e) => slope[at * size + e]! + DECAY * w);
        expectClose(moved, v, 1e-4, `momentum of row ${row} of chunk ${i}`);
        expectClose(
          now,
          v.map((g, e) => was[e]! - 0.1 * g),
          1e-5,
          `row ${row} of chunk ${i}`,
        );
      }
    }
    expect(chosen.length).toBeLessThan(classes);
  });

  describe.each([
    ['a software adapter', SOFTWARE],
    ['a GPU', GPU],
  ])('planned for %s', (_, traits) => {
    it.each([
      ['softmax, shared', chunkedSoftmaxHead(), true],
      ['CosFace, shared', chunkedCosFaceHead(), true],
      ['CosFace, separate', chunkedCosFaceHead(), false],
    ] as const)('needs a few chunks of memory, however many there are: %s', (_, head, shared) => {
      const [chunk, images, width] = [256, 16, 32];
      const planned = [4, 16].map((chunks) => {
        const trainer = { members, shared, classes: chunks * chunk, size: width, head };
        return plannedBytes(chunkedStep(trainer, chunk, images).spec, traits);
      });
      const scores = 4 * members * images * chunk;
      const vectors = 4 * (shared ? 1 : members) * width * chunk;
      // Buffers are chosen greedily, so a few more small values may move one large one.
      expect(planned[1]! - planned[0]!).toBeLessThan(scores + vectors);
      expect(planned[1]!).toBeLessThan(5 * (scores + vectors));
    });

    it('needs the sampled rows of Partial FC, not all', () => {
      const [chunk, images, width, chunks] = [256, 16, 32, 16];
      const trainer = {
        members,
        shared: true,
        classes: chunks * chunk,
        size: width,
        head: chunkedCosFaceHead(),
      };
      const counts = Array<number>(chunks).fill(chunk / 8);
      const bytes = plannedBytes(chunkedStep(trainer, chunk, images, counts).spec, traits);
      const all = 4 * width * chunks * chunk;
      expect(bytes).toBeGreaterThan(all / 8);
      expect(bytes).toBeLessThan(all / 3);
    });
  });

  it('proposes chunks whose weight vectors and scores are within the bytes', () => {
    const options = { embeddingSize: 128, members: 3, batchSize: 64, shared: true };
    expect(chunkSize(options) * 4 * 3 * 64).toBeLessThanOrEqual(16 * 2 ** 20);
    expect(chunkSize({ ...options, shared: false }) * 4 * 3 * 128).toBeLessThanOrEqual(16 * 2 ** 20);
    expect((chunkSize(options) + 64) * 4 * 3 * 64).toBeGreaterThan(16 * 2 ** 20);
    expect(chunkSize({ ...options, bytes: 1 })).toBe(64);
  });

  it('refuses what it cannot be', () => {
    expect(() => new ChunkedClassifier({ classes: 1, chunkSize: 4 })).toThrow(/at least 2 classes/);
    expect(() => new ChunkedClassifier({ classes: 4, chunkSize: 0 })).toThrow(/in chunks of 0/);
    const two = ['a', 'b'].map((path) => ({ path, shape: [2], initial: new Float32Array(2) }));
    expect(() => chunkSgd(new ParameterSet('two', two))).toThrow(/one tensor, got 2 in two/);
    const one = new ParameterSet('one', two.slice(0, 1));
    expect(() => chunkSgd(one, { momentum: 1 })).toThrow(/momentum must be at least 0 and below 1, got 1/);
  });
});

describe('samples of classes', () => {
  const setting = fc
    .record({
      sizes: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }),
      fraction: fc.double({ min: 0.01, max: 1, noNaN: true }),
      seed: fc.integer({ min: 0, max: 2 ** 40 }),
      step: fc.integer({ min: 0, max: 10_000 }),
    })
    .chain((setup) => {
      const classes = setup.sizes.reduce((a, b) => a + b, 0);
      const labels = fc.array(fc.integer({ min: 0, max: classes - 1 }), { minLength: 1, maxLength: 12 });
      return fc.record({ setup: fc.constant(setup), labels });
    });

  it('hold distinct rows of every chunk, rising, and every label where it says', () => {
    fc.assert(
      fc.property(setting, ({ setup, labels }) => {
        const { sizes, fraction, seed, step } = setup;
        const sampler = new ClassSampler({ sizes, fraction, batchSize: 12, seed });
        const sample = sampler.sample(labels, step);
        const global: number[] = [];
        let [place, first] = [0, 0];
        for (const [i, size] of sizes.entries()) {
          const count = sampler.counts[i]!;
          expect(count).toBe(Math.min(size, Math.max(12, Math.ceil(fraction * size))));
          const rows = sample.rows.subarray(place, place + count);
          for (let r = 0; r < count; r++) {
            expect(rows[r]!).toBeGreaterThan(r === 0 ? -1 : rows[r - 1]!);
            expect(rows[r]!).toBeLessThan(size);
            global.push(first + rows[r]!);
          }
          place += count;
          first += size;
        }
        expect(sample.rows.length).toBe(place);
        expect(Array.from(sample.labels, (at) => global[at])).toEqual(labels);
        expect(new ClassSampler({ sizes, fraction, batchSize: 12, seed }).sample(labels, step)).toEqual(
          sample,
        );
      }),
      { numRuns: 200 },
    );
  });

  it('take every other class equally often, and others at the next step', () => {
    const sampler = new ClassSampler({ sizes: [40], fraction: 0.3, batchSize: 2, seed: 5 });
    const times = new Array<number>(40).fill(0);
    const steps = 2000;
    for (let step = 0; step < steps; step++)
      for (const row of sampler.sample([7, 7], step).rows) times[row]!++;
    expect(times[7]).toBe(steps);
    // 11 of the other 39 at each step: mean 564, deviation 20.
    for (const [row, count] of times.entries()) {
      if (row !== 7) expect(Math.abs(count - (steps * 11) / 39)).toBeLessThan(5 * 20);
    }
    expect(sampler.sample([7], 1).rows).not.toEqual(sampler.sample([7], 2).rows);
  });

  it('refuse bad settings and labels', () => {
    const good = { sizes: [5, 5], fraction: 0.5, batchSize: 2, seed: 0 };
    for (const fraction of [0, 1.01, Number.NaN]) {
      expect(() => new ClassSampler({ ...good, fraction })).toThrow(/fraction above 0 and at most 1/);
    }
    expect(() => new ClassSampler({ ...good, sizes: [] })).toThrow(/chunks of nothing/);
    expect(() => new ClassSampler({ ...good, batchSize: 0 })).toThrow(/a batch of 0/);
    const sampler = new ClassSampler(good);
    expect(() => sampler.sample([1, 10], 0)).toThrow(/from 0 to 9, got 10 at 1/);
    expect(() => sampler.sample([-1], 0)).toThrow(/got -1 at 0/);
    expect(() => sampler.sample([1, 2, 3], 0)).toThrow(/at most 2 labels/);
  });
});

describe('the ops beneath', () => {
  it('after: the same value and gradient, not merged with its input', async () => {
    const program = await engine.compile({
      name: 'after',
      inputs: { x: input([7]) },
      trace: ({ x }) => {
        const total = sum(square(x));
        const again = sum(square(after(x, [total])));
        const [slope] = gradients(add(mul(total, 2), again), [x]);
        return { outputs: { total, again, slope: slope! } };
      },
    });
    const out = await program.run({ x: Float32Array.of(1, 2, 3, 4, 5, 6, 7) }).read();
    expect(out.again![0]).toBe(140);
    expect(Array.from(out.slope!)).toEqual([6, 12, 18, 24, 30, 36, 42]);
    const sums = program.labels.filter((label) => label.startsWith('sum'));
    expect(sums).toHaveLength(2);
    expect(program.labels.findIndex((label) => label.startsWith('copy'))).toBeGreaterThan(
      program.labels.indexOf(sums[0]!),
    );
  });

  it('customGradient: the given value, the given derivative', async () => {
    const program = await engine.compile({
      name: 'custom gradient',
      inputs: { x: input([3]), y: input([3]) },
      trace: ({ x, y }) => {
        const product = customGradient({
          op: 'product',
          inputs: [x, y],
          forward: ([a, b]) => mul(a!, b!),
          gradient: (dy, [a], output) => [mul(dy, output), mul(mul(dy, a!), 10)],
        });
        const [dx, dy] = gradients(sum(product), [x, y]);
        return { outputs: { product, dx: dx!, dy: dy! } };
      },
    });
    const out = await program.run({ x: [1, 2, 3], y: [4, 5, 6] }).read();
    expect(Array.from(out.product!)).toEqual([4, 10, 18]);
    expect(Array.from(out.dx!)).toEqual([4, 10, 18]);
    expect(Array.from(out.dy!)).toEqual([10, 20, 30]);
  });

  it.each([3, 4])(
    'assignRows: rows that are named change, others and the padding stay (width %i)',
    async (width) => {
      const [sets, rows] = [2, 5];
      const length = sets * rows * width;
      const initial = Float32Array.from({ length: length + 9 }, (_, i) => i);
      const table = new Variable({ name: 'table', shape: [length + 9], initial });
      const program = await engine.compile({
        name: 'assign rows',
        inputs: { indices: input([4], 'i32'), values: input([sets, 4, width]) },
        trace: ({ indices, values }) => ({
          outputs: { before: mul(table.tensor(), 1.5) },
          updates: [assignRows(table, [sets, rows, width], indices, mul(values, -1))],
        }),
      });
      expect(program.labels.join('\n')).not.toMatch(/^map copy/m);
      const values = Float32Array.from({ length: sets * 4 * width }, (_, i) => 1000 + i);
      const run = program.run({ indices: Int32Array.of(4, 0, -1, 7), values });
      expect(Array.from((await run.read()).before!)).toEqual(Array.from(initial, (v) => v * 1.5));
      const expected = initial.slice();
      for (let set = 0; set < sets; set++) {
        for (const [n, row] of [4, 0].entries()) {
          for (let d = 0; d < width; d++) {
            expected[(set * rows + row) * width + d] = -values[(set * 4 + n) * width + d]!;
          }
        }
      }
      expect(await engine.read(table)).toEqual(expected);
    },
  );

  it('assignRows refuses rows that do not fit, and a variable in their place', () => {
    const table = new Variable({ name: 'table', shape: [20] });
    const indices = constant([0, 1], [2], 'i32');
    const rows = (count: number) => mul(constant(new Float32Array(count * 4), [count, 4]), 2);
    expect(() => assignRows(table, [5, 4], indices, rows(3))).toThrow(/assignRows to table .* \[3, 4\]/);
    expect(() => assignRows(table, [6, 4], indices, rows(2))).toThrow(/a table .* within it/);
    const other = new Variable({ name: 'other', shape: [2, 4] });
    expect(() => assignRows(table, [5, 4], indices, other.tensor())).toThrow(/a variable themselves/);
  });
});
