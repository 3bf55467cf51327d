/** Keeps labels from covering one another. */

/** Moves places apart that are nearer than `gap`, keeping their order; the lowest stays above `lowest`. */
export function spread(places: readonly number[], gap: number, lowest: number): number[] {
  const order = places.map((place, i) => ({ place, i })).sort((a, b) => a.place - b.place);
  for (let i = 1; i < order.length; i++) {
    order[i]!.place = Math.max(order[i]!.place, order[i - 1]!.place + gap);
  }
  const over = Math.max(0, (order.at(-1)?.place ?? 0) - lowest);
  const moved = [...places];
  for (const { place, i } of order) moved[i] = place - over;
  return moved;
}
