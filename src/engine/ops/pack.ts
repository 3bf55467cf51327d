import { ShapeError } from '../errors.ts';
import { sizeOf } from '../shape.ts';
import { Tensor } from '../tensor.ts';

/** Elements between the starts of two packed tensors: 256 bytes, the coarsest binding alignment there is. */
export const PACK_ALIGNMENT = 64;

/**
 * One flat f32 buffer of `length` elements with each input (flattened) at its offset and zeros between.
 * Offsets are multiples of PACK_ALIGNMENT, so producers write straight into their place.
 */
export function pack(inputs: readonly Tensor[], offsets: readonly number[], length: number): Tensor {
  for (const [index, input] of inputs.entries()) {
    const start = offsets[index]!;
    const end = start + Math.ceil(sizeOf(input.shape) / PACK_ALIGNMENT) * PACK_ALIGNMENT;
    if (start % PACK_ALIGNMENT !== 0 || end > (offsets[index + 1] ?? length) || input.dtype !== 'f32') {
      throw new ShapeError(
        `pack: input ${index} (${input.dtype}, ${sizeOf(input.shape)} elements at ${start}) does not fit an f32 place aligned to ${PACK_ALIGNMENT}.`,
      );
    }
  }
  return new Tensor({
    op: 'pack',
    inputs,
    shape: [length],
    attributes: offsets.join(','),
    body: { kind: 'pack', offsets },
    gradient: (dy, node, ops) =>
      node.inputs.map((input, index) => {
        const start = offsets[index]!;
        return ops.reshape(ops.slice(dy, [start], [start + sizeOf(input.shape)]), input.shape);
      }),
  });
}
