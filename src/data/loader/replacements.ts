/** Which images stand in for a damaged one. */

/** How far from a damaged image another of the same person is looked for. */
const REACH = 64;
/** Images tried in one's place. */
const MOST_REPLACEMENTS = 8;

/**
 * The images to try in place of `image`, best first: the nearest of the same identity (sets lie sorted by identity, so
 * there is one nearly always), then its nearest neighbours whoever they show. A function of the labels and `image`
 * alone, so that a run with a damaged image can be repeated.
 */
export function replacementsOf(labels: Int32Array, image: number): number[] {
  const near: number[] = [];
  for (let distance = 1; distance <= REACH; distance++) {
    near.push(...[image + distance, image - distance].filter((other) => other >= 0 && other < labels.length));
  }
  const isSame = (other: number) => labels[other] === labels[image];
  return [...near.filter(isSame), ...near.filter((other) => !isSame(other))].slice(0, MOST_REPLACEMENTS);
}
