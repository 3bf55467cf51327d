/**
 * Comparing at equal accuracy: a network that was trained less is harder to attack and verifies less well, so
 * two defences compare fairly only where they are equally accurate.
 */

/** What `matchAccuracy` chose. */
export interface MatchedAccuracy<Point> {
  /** The accuracy at which the curves compare. */
  readonly accuracy: number;
  /** Per curve, the point whose accuracy is nearest to it. */
  readonly chosen: readonly Point[];
}

/**
 * The accuracy to compare defences at, and the point of each along its training that is nearest to it.
 *
 * The accuracy is the highest that every curve attains: the smallest of their best. Nothing is interpolated:
 * a chosen point is a network that was measured, and may be off by as much as its neighbours lie apart. Of
 * points equally near the first is taken, which was trained least.
 *
 * @param curves per defence, its points in the order of training
 * @throws RangeError for no curves, a curve without points, or an accuracy that is not a finite number.
 */
export function matchAccuracy<Point extends { readonly accuracy: number }>(
  curves: readonly (readonly Point[])[],
): MatchedAccuracy<Point> {
  if (curves.length === 0) throw new RangeError('matchAccuracy: expected at least one curve, got none');
  for (const [index, curve] of curves.entries()) {
    if (curve.length === 0) throw new RangeError(`matchAccuracy: curve ${index} has no points`);
    const bad = curve.find(({ accuracy }) => !Number.isFinite(accuracy));
    if (bad !== undefined) {
      throw new RangeError(
        `matchAccuracy: an accuracy of curve ${index} is ${bad.accuracy}, expected a number`,
      );
    }
  }
  const accuracy = Math.min(...curves.map((curve) => Math.max(...curve.map((point) => point.accuracy))));
  const off = (point: Point) => Math.abs(point.accuracy - accuracy);
  const chosen = curves.map((curve) =>
    curve.reduce((nearest, point) => (off(point) < off(nearest) ? point : nearest)),
  );
  return { accuracy, chosen };
}
