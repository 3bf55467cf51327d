/** Faces that the project draws itself: no files, no licences, as many people as one likes. */

export { ARCFACE_TEMPLATE as TEMPLATE } from '../align/template.ts';
export { type ContactSheetOptions, contactSheet } from './contact-sheet.ts';
export { drawFace, type FaceRequest, faceLandmarks, MAX_SIZE, MIN_SIZE } from './draw-face.ts';
export { drawIdentity } from './draw-identity.ts';
export {
  type SyntheticFaceSetOptions,
  type SyntheticPairsOptions,
  syntheticFaceSet,
  syntheticPairs,
} from './face-set.ts';
export type { Identity } from './identity.ts';
export { drawShot, type Shot } from './shot.ts';
