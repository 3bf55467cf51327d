/**
 * The data room: faces in, typed arrays out. A reader per format makes a `FaceSet` (face-set.ts); a pair list
 * names pairs within one; `loadFaces` decodes it; `Batches` shuffles, mirrors and normalises. Nothing here
 * knows of tensors, and files and picture decoding come from a `DataHost`, so all of it runs in a page.
 *
 *     openFaceSet(path, host, { loose? }): Promise<OpenFaceSet>           a folder, a tar, …
 *     openPairs(path, host, { images?: FaceSet | path }): Promise<VerificationSet>
 *         any list of pairs with its images: { name, format, faces, pairs: { a, b, same, fold }[], folds, close() }
 */
export * from './align/index.ts';
export * from './augment/index.ts';
export { type BatchSource, loadedBatches } from './batch-source.ts';
export { type Batch, Batches, type BatchOptions } from './batches.ts';
export type { OpenFaceSet } from './encoded-set.ts';
export { DataError, ImageError, messageOf, type Skipped } from './errors.ts';
export {
  describeFaceSet,
  type FaceSet,
  type FaceSetSummary,
  imagesPerIdentity,
  mergeFaceSets,
  prefixIdentities,
  requireTrainable,
  type SubsetOptions,
  subset,
} from './face-set.ts';
export { folderFaceSet } from './folder-set.ts';
export {
  type ByteSource,
  type DataHost,
  type FolderSource,
  type ImageDecoder,
  memorySource,
  type Picture,
  type PictureDecoder,
} from './host.ts';
export { parseIdentityList } from './identity-list.ts';
export {
  type Inspection,
  inspectFaceSet,
  type PictureSummary,
  sampleSheet,
} from './inspect.ts';
export { readLfwPairs } from './lfw-pairs.ts';
export { type LoadedFaces, type LoadOptions, loadFaces } from './load.ts';
export * from './loader/index.ts';
export { CENTRED, IMAGENET, type Normalisation, normalisationTable, normaliseFace } from './normalise.ts';
export { openFaceSet } from './open.ts';
export { type FacePair, type GeneratePairsOptions, generatePairs, type PairList } from './pairs.ts';
export { CounterRandom, philox } from './random.ts';
export { tarFaceSet } from './tar-set.ts';
export { type OpenPairsOptions, openPairs, type VerificationSet } from './verification.ts';
