/** What an attack is to reach: features of one image of the target, or the mean of several. */

/**
 * Mean over images of each member's features, every image's scaled to length 1 first, so that all weigh the same. An
 * image whose features are all 0 points nowhere and adds nothing.
 *
 * @param images features of each image of the target, M × E
 * @returns M × E, to be an attack pair's targets
 * @throws RangeError for no image, or arrays that are not M × E.
 */
export function meanTarget(images: readonly Float32Array[], members: number): Float32Array {
  const length = images[0]?.length ?? 0;
  const size = length / members;
  if (length === 0 || !Number.isInteger(size) || images.some((features) => features.length !== length)) {
    throw new RangeError(
      `meanTarget: expected features of at least one image, ${members} members × the embedding size each; ` +
        `got ${images.length ? `${images.map((features) => features.length).join(', ')} numbers` : 'none'}`,
    );
  }
  const total = new Float64Array(length);
  for (const features of images) {
    for (let first = 0; first < length; first += size) {
      const own = features.subarray(first, first + size);
      const norm = Math.sqrt(own.reduce((sum, value) => sum + value * value, 0));
      if (norm === 0) continue;
      for (const [i, value] of own.entries()) total[first + i]! += value / norm;
    }
  }
  return Float32Array.from(total, (value) => value / images.length);
}
