/**
 * Heads for very many identities: the losses of `softmaxHead`, `cosFaceHead` and `arcFaceHead` over chunks of weight
 * vectors, without ever holding all scores.
 *
 * Of the scores a loss needs the label's own, z_y, which alone has a margin, and ℓ = log Σ over k ≠ y of exp z_k:
 *
 *     loss = log( exp ẑ_y + exp ℓ ) − ẑ_y,    ẑ_y the label's score with its margin
 */
import {
  add,
  exp,
  l2Normalize,
  less,
  log,
  maximum,
  mul,
  stopGradient,
  sub,
  type Tensor,
} from '../engine/index.ts';
import { type ArcFaceOptions, arcFaceCosine } from './arcface.ts';
import { type ChunkedInput, type ChunkedScores, chunkedScores } from './chunked-scores.ts';
import type { CosFaceOptions } from './cosface.ts';
import type { ChunkedHeadOutput } from './head.ts';

export type { ChunkedInput } from './chunked-scores.ts';

/** A head over chunks of weight vectors; its settings are bound beforehand. */
export type ChunkedHead = (input: ChunkedInput) => ChunkedHeadOutput;

/** `softmaxHead` over chunks. */
export function chunkedSoftmaxHead(): ChunkedHead {
  return (input) => {
    const scores = chunkedScores(input);
    return lossOf(scores, scores.own);
  };
}

/** `cosFaceHead` over chunks: Wang et al. 2018, equation 4. */
export function chunkedCosFaceHead({ margin = 0.35, scale = 64 }: CosFaceOptions = {}): ChunkedHead {
  return (input) => {
    const scores = scaledCosines(input, scale);
    return lossOf(scores, sub(scores.own, scale * margin));
  };
}

/** `arcFaceHead` over chunks: Deng et al. 2019, equation 3. */
export function chunkedArcFaceHead({
  margin = 0.5,
  scale = 64,
  easyMargin = false,
}: ArcFaceOptions = {}): ChunkedHead {
  return (input) => {
    const scores = scaledCosines(input, scale);
    const phi = arcFaceCosine(mul(scores.own, 1 / scale), margin, easyMargin);
    return lossOf(scores, mul(phi, scale));
  };
}

/** z_k = scale · cos θ_k. */
function scaledCosines(input: ChunkedInput, scale: number): ChunkedScores {
  const features = l2Normalize(input.features, -1);
  return chunkedScores({ ...input, features }, { unitWeights: true, scale });
}

/** @param moved the label's score with its margin, [M, N]. */
function lossOf({ own, largestOther, logSumExpOthers }: ChunkedScores, moved: Tensor): ChunkedHeadOutput {
  // The shift cancels, so its derivative does too.
  const shift = stopGradient(maximum(moved, logSumExpOthers));
  const total = add(exp(sub(moved, shift)), exp(sub(logSumExpOthers, shift)));
  const loss = add(sub(shift, moved), log(total));
  return { loss, correct: sub(1, less(own, largestOther)) };
}
