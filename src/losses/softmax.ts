import { matmul, softmaxCrossEntropy } from '../engine/index.ts';
import { checkHeadInput, correctness, type Head } from './head.ts';

/**
 * Softmax cross-entropy over W·f, without bias or normalisation:
 *
 *     loss[m, n] = −log( exp(W_y · f) / Σ_k exp(W_k · f) ),  f = features[m, n], y = labels[n]
 *
 * The study's own head. Because nothing is normalised, a feature's length says how sure its member is.
 */
export function softmaxHead(): Head {
  return (input) => {
    checkHeadInput('softmaxHead', input);
    const scores = matmul(input.features, input.weights, { transposeB: true });
    const loss = softmaxCrossEntropy(scores, input.labels);
    return { loss, scores, correct: correctness(scores, input.labels) };
  };
}
