/**
 * How a training tells its identities apart: weight vectors, the head over them and their optimiser. Few identities are
 * classified at once; very many in chunks, or a step looks at a sample of them (docs/many-identities.md).
 *
 * M members, N images of a step, K identities, E embedding size.
 */
import { type ParameterSet, sgd, slice, type Tensor, type Update } from '../../engine/index.ts';
import { arcFaceHead } from '../../losses/arcface.ts';
import {
  type ChunkedHead,
  chunkedArcFaceHead,
  chunkedCosFaceHead,
  chunkedSoftmaxHead,
} from '../../losses/chunked-head.ts';
import { ClassSampler } from '../../losses/class-sampler.ts';
import { cosFaceHead } from '../../losses/cosface.ts';
import type { ChunkedHeadOutput, Head, HeadOutput } from '../../losses/head.ts';
import { softmaxHead } from '../../losses/softmax.ts';
import { chunkSgd } from '../../models/chunk-sgd.ts';
import { ChunkedClassifier, chunkSize } from '../../models/chunked-classifier.ts';
import { Classifier } from '../../models/classifier.ts';
import type { StudyConfig } from './config.ts';
import { type Defence, membersOf } from './defences.ts';

/** A step's classification, traced. */
export interface ClassificationStep {
  /** i32 [N]: identities, or places in the step's sample of them. */
  readonly labels: Tensor;
  /** What the loss is differentiated by, beside the network. */
  readonly parameters: readonly Tensor[];
  /** Weight vectors for losses to look at: [M or 1, K, E], or chunks of them. */
  readonly weights: Tensor | readonly Tensor[];
  /** Features [M, N, E] → the head's loss. */
  readonly head: (features: Tensor) => HeadOutput | ChunkedHeadOutput;
  /** New weight vectors. Slopes are in the order of `parameters`. */
  readonly updates: (slopes: readonly Tensor[], rate: Tensor) => readonly Update[];
}

export interface Classification {
  /** Weight vectors. */
  readonly sets: readonly ParameterSet[];
  /** What their optimisers remember. */
  readonly state: readonly ParameterSet[];
  /** Chunks' gradients must be used as they come: their updates stand before the network's. */
  readonly updatesFirst: boolean;
  /** Length of the step's i32 input: N labels, and behind them the rows of a sample. */
  inputLength(batchSize: number): number;
  /** The input of one step. */
  input(labels: Int32Array, step: number): Int32Array;
  trace(input: Tensor, batchSize: number): ClassificationStep;
  /** Weight vectors [M or 1, K, E] of values by set, as `sets` has them. */
  vectors(values: readonly ReadonlyMap<string, Float32Array>[]): Float32Array;
}

/** What the optimiser of any weight vectors goes by. */
type SgdSettings = Pick<StudyConfig['training'], 'momentum' | 'weightDecay'>;

/** More than this of weight vectors, or of one step's scores, is worked through in chunks. */
const MOST_BYTES_AT_ONCE = 64 * 2 ** 20;

/** The classification that a configuration asks for; of a defence that needs all scores, always at once. */
export function buildClassification(
  defence: Defence,
  config: StudyConfig,
  classes: number,
  seed: number,
): Classification {
  const { embeddingSize, training, classifier } = config;
  const members = membersOf(defence, config);
  const options = { classes, embeddingSize, members, shared: defence.sharedWeights, seed };
  const asked = classifier.chunk !== null || classifier.sample < 1;
  if (defence.needsAllScores) return plain(new Classifier(options), headOf(config), training);
  const { batchSize } = training;
  const large =
    4 * classes * Math.max((options.shared ? 1 : members) * embeddingSize, members * batchSize) >
    MOST_BYTES_AT_ONCE;
  if (!asked && !large) return plain(new Classifier(options), headOf(config), training);
  const chunk = classifier.chunk ?? chunkSize({ ...options, batchSize });
  const chunked = new ChunkedClassifier({ ...options, chunkSize: chunk });
  const sampler =
    classifier.sample < 1
      ? new ClassSampler({ sizes: chunked.sizes, fraction: classifier.sample, batchSize, seed })
      : undefined;
  return inChunks(chunked, chunkedHeadOf(config), training, sampler);
}

function plain(classifier: Classifier, head: Head, { momentum, weightDecay }: SgdSettings): Classification {
  const { parameters } = classifier;
  const optimizer = sgd(parameters, { momentum, weightDecay });
  return {
    sets: [parameters],
    state: optimizer.state,
    updatesFirst: false,
    inputLength: (batchSize) => batchSize,
    input: (labels) => labels,
    trace: (labels) => {
      const weights = classifier.weights();
      return {
        labels,
        parameters: [weights],
        weights,
        head: (features) => head({ features, weights, labels }),
        updates: ([slope], rate) => optimizer.step(new Map([['weight', slope!]]), rate),
      };
    },
    vectors: ([values]) => values!.get('weight')!,
  };
}

function inChunks(
  classifier: ChunkedClassifier,
  head: ChunkedHead,
  { momentum, weightDecay }: SgdSettings,
  sampler: ClassSampler | undefined,
): Classification {
  const { chunks } = classifier;
  const optimizers = chunks.map((chunk) => chunkSgd(chunk, { momentum, weightDecay }));
  const rowCount = sampler?.counts.reduce((sum, count) => sum + count, 0) ?? 0;
  return {
    sets: chunks,
    state: optimizers.flatMap(({ state }) => state),
    updatesFirst: true,
    inputLength: (batchSize) => batchSize + rowCount,
    input: (identities, step) => {
      if (!sampler) return identities;
      const { labels, rows } = sampler.sample(identities, step);
      const both = new Int32Array(labels.length + rows.length);
      both.set(labels);
      both.set(rows, labels.length);
      return both;
    },
    trace: (both, batchSize) => {
      const labels = sampler ? slice(both, [0], [batchSize]) : both;
      const sample =
        sampler && classifier.sampled(slice(both, [batchSize], [batchSize + rowCount]), sampler.counts);
      const weights = sample?.map((chunk) => chunk.weights) ?? classifier.weights();
      return {
        labels,
        parameters: weights,
        weights,
        head: (features) => head({ features, weights, labels }),
        updates: (slopes, rate) =>
          optimizers.flatMap((optimizer, index) =>
            sample
              ? optimizer.stepRows(sample[index]!, slopes[index]!, rate)
              : optimizer.step(new Map([['weight', slopes[index]!]]), rate),
          ),
      };
    },
    vectors: (values) =>
      joinChunks(
        values.map((set) => set.get('weight')!),
        classifier,
      ),
  };
}

/** Chunks [M or 1, K_c, E] as [M or 1, K, E]. */
function joinChunks(chunks: readonly Float32Array[], { chunks: sets }: ChunkedClassifier): Float32Array {
  const members = sets[0]!.shapeOf('weight')[0]!;
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const joined = new Float32Array(length);
  let at = 0;
  for (let member = 0; member < members; member++) {
    for (const chunk of chunks) {
      const part = chunk.length / members;
      joined.set(chunk.subarray(member * part, (member + 1) * part), at);
      at += part;
    }
  }
  return joined;
}

function headOf({ head }: StudyConfig): Head {
  switch (head.kind) {
    case 'softmax':
      return softmaxHead();
    case 'cosface':
      return cosFaceHead({ margin: head.margin, scale: head.scale });
    case 'arcface':
      return arcFaceHead({ margin: head.margin, scale: head.scale });
  }
}

function chunkedHeadOf({ head }: StudyConfig): ChunkedHead {
  switch (head.kind) {
    case 'softmax':
      return chunkedSoftmaxHead();
    case 'cosface':
      return chunkedCosFaceHead({ margin: head.margin, scale: head.scale });
    case 'arcface':
      return chunkedArcFaceHead({ margin: head.margin, scale: head.scale });
  }
}
