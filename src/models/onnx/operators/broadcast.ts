/** Two constants combined element by element, broadcasting as NumPy does. */
import type { NodeView } from '../node.ts';
import type { Constant } from '../tensor.ts';

/** The combined constant. Throws an OnnxError where the two do not broadcast. */
export function broadcastConstants(
  node: NodeView,
  a: Constant,
  b: Constant,
  integer: boolean,
  value: (a: number, b: number) => number,
): Constant {
  const rank = Math.max(a.dims.length, b.dims.length);
  const aligned = ({ dims }: Constant) => [...Array<number>(rank - dims.length).fill(1), ...dims];
  const [left, right] = [aligned(a), aligned(b)];
  const dims = left.map((extent, i) => (extent === 1 ? right[i]! : extent));
  if (dims.some((extent, i) => right[i] !== 1 && right[i] !== extent)) {
    throw node.error(`[${a.dims}] and [${b.dims}] do not broadcast`);
  }
  const at = (own: readonly number[], index: number): number => {
    let rest = index;
    let offset = 0;
    let stride = 1;
    for (let axis = rank - 1; axis >= 0; axis--) {
      const position = rest % dims[axis]!;
      rest = (rest - position) / dims[axis]!;
      if (own[axis] !== 1) offset += position * stride;
      stride *= own[axis]!;
    }
    return offset;
  };
  return node.fold(dims, integer, (i) => value(a.data[at(left, i)]!, b.data[at(right, i)]!));
}
