/** Between other frameworks' weight layouts and the engine's. One member; k×l kernels. */

/** Convolution weights OIHW [O, I, k, l] → [k, l, I, O]. A depthwise [C, 1, k, l] becomes [k, l, C] alike. */
export function fromOIHW(weights: Float32Array, shape: readonly number[]): Float32Array {
  const [outputs = 0, inputs = 0, height = 0, width = 0] = shape;
  if (shape.length !== 4 || outputs * inputs * height * width !== weights.length) {
    throw new RangeError(
      `fromOIHW: shape [${shape.join(', ')}] does not fit ${weights.length} values; expected [outputs, inputs, height, width]`,
    );
  }
  const taps = height * width;
  const result = new Float32Array(weights.length);
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      for (let tap = 0; tap < taps; tap++) {
        result[(tap * inputs + input) * outputs + output] = weights[(output * inputs + input) * taps + tap]!;
      }
    }
  }
  return result;
}

/** The inverse of `fromOIHW`: [k, l, I, O] → OIHW, `shape` = [O, I, k, l]. */
export function toOIHW(weights: Float32Array, shape: readonly number[]): Float32Array {
  const [outputs = 0, inputs = 0, height = 0, width = 0] = shape;
  if (shape.length !== 4 || outputs * inputs * height * width !== weights.length) {
    throw new RangeError(
      `toOIHW: shape [${shape.join(', ')}] does not fit ${weights.length} values; expected [outputs, inputs, height, width]`,
    );
  }
  const taps = height * width;
  const result = new Float32Array(weights.length);
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      for (let tap = 0; tap < taps; tap++) {
        result[(output * inputs + input) * taps + tap] = weights[(tap * inputs + input) * outputs + output]!;
      }
    }
  }
  return result;
}
