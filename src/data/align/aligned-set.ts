/** A set of photographs as a set of aligned faces: each image is cut by its landmarks when it is read. */
import { DataError, ImageError, messageOf } from '../errors.ts';
import { checkIndex, checkRead, type FaceSet } from '../face-set.ts';
import type { PictureDecoder } from '../host.ts';
import { alignFace } from './align-face.ts';
import { type Landmarks, pointsOf } from './landmarks.ts';

/**
 * The images of `set` that have landmarks, aligned. Identities keep their numbers and names, even those of whom no
 * image is left. Throws a DataError where the set's pictures are not stored as files.
 *
 * `read` rejects with an ImageError for an image whose landmarks make no face, as it does for one that is damaged.
 */
export function alignedFaceSet(set: FaceSet, landmarks: Landmarks, decode: PictureDecoder): FaceSet {
  if (!set.readEncoded) {
    throw new DataError(
      `${set.name}: cannot be aligned: its pictures are drawn or aligned already, not stored as files`,
    );
  }
  const stored = set.readEncoded.bind(set);
  const aligned: FaceSet = {
    name: set.name,
    identities: set.identities,
    labels: Int32Array.from(landmarks.images, (image) => set.labels[image]!),
    imageName(index) {
      checkIndex(aligned, index);
      return set.imageName(landmarks.images[index]!);
    },
    async read(index, size) {
      checkRead(aligned, index, size);
      const bytes = await stored(landmarks.images[index]!);
      try {
        return alignFace(await decode(bytes), pointsOf(landmarks, index), size);
      } catch (thrown) {
        if (!(thrown instanceof DataError)) throw thrown;
        throw new ImageError(`${set.name}: ${aligned.imageName(index)}: ${messageOf(thrown)}`, {
          cause: thrown,
        });
      }
    },
  };
  return aligned;
}
