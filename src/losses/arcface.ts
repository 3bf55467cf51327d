import {
  add,
  clamp,
  greater,
  mul,
  select,
  softmaxCrossEntropy,
  sqrt,
  square,
  sub,
  type Tensor,
} from '../engine/index.ts';
import { atLabel, checkHeadInput, correctness, cosines, type Head } from './head.ts';

export interface ArcFaceOptions {
  /** m, in radians, added to the right identity's angle. */
  readonly margin?: number;
  /** s, the length of all features. */
  readonly scale?: number;
  /** Add the margin only where the angle is below 90°, and leave other examples as they are. */
  readonly easyMargin?: boolean;
}

/** Least sin²θ: the square root's slope has no end at 0, where a feature meets its weight vector. */
const SMALLEST_SQUARE = 1e-6;

/**
 * ArcFace: Deng et al., "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", 2019, equation 3.
 *
 *     loss[m, n] = −log( exp(s φ(θ_y)) / ( exp(s φ(θ_y)) + Σ_{k≠y} exp(s cos θ_k) ) )
 *     φ(θ) = cos(θ + m) = cos θ cos m − sin θ sin m
 *
 * cos(θ + m) turns back at θ = π − m, where a worse angle would cost less. As in the authors' code, φ goes on beyond
 * it as cos θ − m sin m, which keeps falling; with the easy margin, φ is cos θ from θ = π/2 on instead.
 */
export function arcFaceHead({ margin = 0.5, scale = 64, easyMargin = false }: ArcFaceOptions = {}): Head {
  return (input) => {
    checkHeadInput('arcFaceHead', input);
    const cosine = cosines(input);
    const { mask, score: own } = atLabel(cosine, input.labels);
    const phi = arcFaceCosine(own, margin, easyMargin);
    const logits = mul(add(cosine, mul(mask, sub(phi, own))), scale);
    const loss = softmaxCrossEntropy(logits, input.labels);
    return { loss, scores: mul(cosine, scale), correct: correctness(cosine, input.labels) };
  };
}

/** φ(θ) of cos θ, any shape: the right identity's cosine with the margin added to its angle. */
export function arcFaceCosine(own: Tensor, margin: number, easyMargin: boolean): Tensor {
  const sine = sqrt(clamp(sub(1, square(own)), SMALLEST_SQUARE, 1));
  const moved = sub(mul(own, Math.cos(margin)), mul(sine, Math.sin(margin)));
  return easyMargin
    ? select(greater(own, 0), moved, own)
    : select(greater(own, Math.cos(Math.PI - margin)), moved, sub(own, margin * Math.sin(margin)));
}
