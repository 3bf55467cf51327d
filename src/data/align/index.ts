/** From photographs to aligned faces, by five landmarks. */
export { alignFace, warp } from './align-face.ts';
export { alignedFaceSet } from './aligned-set.ts';
export { type Landmarks, readLandmarks } from './landmarks.ts';
export {
  applySimilarity,
  estimateSimilarity,
  invertSimilarity,
  type Similarity,
} from './similarity.ts';
export { ARCFACE_TEMPLATE, type FivePoints, TEMPLATE_SIZE, templateAt } from './template.ts';
