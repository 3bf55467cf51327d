/**
 * Classification heads against the number of identities: what a step costs beside the network.
 *
 * M members that share their weight vectors, N images, K identities, E embedding size.
 */
import {
  constant,
  gradients,
  input,
  type ParameterSet,
  sgd,
  type Tensor,
  type Update,
  Variable,
} from '../engine/index.ts';
import { chunkedCosFaceHead } from '../losses/chunked-head.ts';
import { ClassSampler } from '../losses/class-sampler.ts';
import { cosFaceHead } from '../losses/cosface.ts';
import { totalLoss } from '../losses/diversity.ts';
import type { HeadLoss } from '../losses/head.ts';
import { chunkSgd } from '../models/chunk-sgd.ts';
import { ChunkedClassifier, chunkSize } from '../models/chunked-classifier.ts';
import { Classifier } from '../models/classifier.ts';
import { type CaseFamily, caseName, type Workload, workload } from './case.ts';
import { operand } from './values.ts';

const BATCH = 64;
const EMBEDDING = 128;
const MARGIN = { margin: 0.35, scale: 32 };
const SGD = { momentum: 0.9, weightDecay: 5e-4 };
const RATE = 0.05;
/** Share of the identities that a step of Partial FC sees. */
const FRACTION = 0.1;
/** Backward is two products for each of forward's. What a head computes twice is counted once. */
const PASSES = 3;

/** From so many identities on, weight vectors and their momentum need a GiB. */
const LARGE = 1_000_000;

type Kind = 'plain' | 'chunked' | 'partial';

const WORDS: Record<Kind, string> = {
  plain: 'all scores at once',
  chunked: 'a chunk of identities at a time',
  partial: `Partial FC of ${FRACTION * 100} % of the identities`,
};

/** The plain head needs weight vectors and scores that fit one buffer each, 128 MiB on many adapters. */
const CASES: readonly [classes: number, kinds: readonly Kind[]][] = [
  [1_000, ['plain', 'chunked', 'partial']],
  [10_000, ['plain', 'chunked', 'partial']],
  [85_742, ['plain', 'chunked', 'partial']],
  [1_000_000, ['chunked', 'partial']],
];

/** What a kind of head adds to the program. */
interface Trained {
  /** Loss and what is differentiated by: the weight vectors at hand. */
  readonly head: HeadLoss;
  readonly weights: readonly Tensor[];
  readonly step: (slopes: readonly Tensor[], rate: Tensor) => Update[];
}

interface Trainer {
  readonly sets: readonly ParameterSet[];
  readonly labels: Int32Array;
  readonly rows: Int32Array;
  readonly trace: (features: Tensor, labels: Tensor, rows: Tensor) => Trained;
}

function plainTrainer(classes: number, members: number, labels: Int32Array): Trainer {
  const classifier = new Classifier({ classes, embeddingSize: EMBEDDING, members, shared: true });
  const optimizer = sgd(classifier.parameters, SGD);
  const head = cosFaceHead(MARGIN);
  return {
    sets: [classifier.parameters, ...optimizer.state],
    labels,
    rows: Int32Array.of(0),
    trace: (features, y) => ({
      head: head({ features, weights: classifier.weights(), labels: y }),
      weights: [classifier.weights()],
      step: ([slope], rate) => optimizer.step(new Map([['weight', slope!]]), rate),
    }),
  };
}

function chunkedTrainer(classes: number, members: number, labels: Int32Array, isPartial: boolean): Trainer {
  const options = { embeddingSize: EMBEDDING, members, shared: true };
  const classifier = new ChunkedClassifier({
    ...options,
    classes,
    chunkSize: chunkSize({ ...options, batchSize: BATCH }),
  });
  const optimizers = classifier.chunks.map((chunk) => chunkSgd(chunk, SGD));
  const head = chunkedCosFaceHead(MARGIN);
  const sets = [...classifier.chunks, ...optimizers.flatMap(({ state }) => state)];
  if (!isPartial) {
    return {
      sets,
      labels,
      rows: Int32Array.of(0),
      trace: (features, y) => {
        const weights = classifier.weights();
        return {
          head: head({ features, weights, labels: y }),
          weights,
          step: (slopes, rate) =>
            slopes.flatMap((slope, i) => optimizers[i]!.step(new Map([['weight', slope]]), rate)),
        };
      },
    };
  }
  const sampler = new ClassSampler({
    sizes: classifier.sizes,
    fraction: FRACTION,
    batchSize: BATCH,
    seed: 1,
  });
  return {
    sets,
    ...sampler.sample(labels, 0),
    trace: (features, y, rows) => {
      const sample = classifier.sampled(rows, sampler.counts);
      const weights = sample.map((chunk) => chunk.weights);
      return {
        head: head({ features, weights, labels: y }),
        weights,
        step: (slopes, rate) =>
          slopes.flatMap((slope, i) => optimizers[i]!.stepRows(sample[i]!, slope, rate)),
      };
    },
  };
}

function prepare(classes: number, kind: Kind, members: number): Workload {
  const labels = Int32Array.from({ length: BATCH }, (_, n) => Math.floor((n * classes) / BATCH));
  const { sets, trace, ...inputs } =
    kind === 'plain'
      ? plainTrainer(classes, members, labels)
      : chunkedTrainer(classes, members, labels, kind === 'partial');
  const features = operand('features', [members, BATCH, EMBEDDING]);
  const slopes = new Variable({ name: 'slopes', shape: features.shape });
  return workload(
    {
      name: `head ${kind} ${classes}`,
      inputs: { labels: input([BATCH], 'i32'), rows: input([inputs.rows.length], 'i32') },
      trace: ({ labels: y, rows }) => {
        const { head, weights, step } = trace(features.tensor(), y, rows);
        const loss = totalLoss(head.loss);
        const [byFeatures, ...byWeights] = gradients(loss, [features.tensor(), ...weights]);
        const updates = [...step(byWeights, constant([RATE], [])), slopes.assign(byFeatures!)];
        return { outputs: { loss }, updates };
      },
    },
    inputs,
    [features, slopes, ...sets.map(({ flat }) => flat)],
  );
}

/**
 * `head/classes/K/kind`: CosFace (0.35, 32) of 64 features a member, the gradients of features and weight vectors, and a
 * step of SGD with momentum on the latter. Partial FC takes the same sample every time; drawing it is not timed.
 */
function headCase(classes: number, kind: Kind): CaseFamily {
  return (members) => ({
    name: caseName(`head/classes/${classes}/${kind}`, members),
    members,
    description: `CosFace and SGD over ${classes} identities, ${members} of ${BATCH} features of ${EMBEDDING}: ${WORDS[kind]}`,
    work: {
      unit: 'flop',
      amount: PASSES * 2 * members * BATCH * EMBEDDING * classes * (kind === 'partial' ? FRACTION : 1),
    },
    ...(classes >= LARGE && { large: true }),
    prepare: () => prepare(classes, kind, members),
  });
}

export const headCases: readonly CaseFamily[] = CASES.flatMap(([classes, kinds]) =>
  kinds.map((kind) => headCase(classes, kind)),
);
