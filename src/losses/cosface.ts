import { mul, softmaxCrossEntropy, sub } from '../engine/index.ts';
import { atLabel, checkHeadInput, correctness, cosines, type Head } from './head.ts';

export interface CosFaceOptions {
  /** m, taken off the right identity's cosine. */
  readonly margin?: number;
  /** s, the length of all features. */
  readonly scale?: number;
}

/**
 * CosFace: Wang et al., "CosFace: Large Margin Cosine Loss for Deep Face Recognition", 2018, equation 4.
 *
 *     loss[m, n] = −log( exp(s (cos θ_y − m)) / ( exp(s (cos θ_y − m)) + Σ_{k≠y} exp(s cos θ_k) ) )
 */
export function cosFaceHead({ margin = 0.35, scale = 64 }: CosFaceOptions = {}): Head {
  return (input) => {
    checkHeadInput('cosFaceHead', input);
    const cosine = cosines(input);
    const { mask } = atLabel(cosine, input.labels);
    const loss = softmaxCrossEntropy(mul(sub(cosine, mul(mask, margin)), scale), input.labels);
    return { loss, scores: mul(cosine, scale), correct: correctness(cosine, input.labels) };
  };
}
