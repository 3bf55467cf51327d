/** IEEE 754 half precision, which hosts cannot decode by themselves. */

/** A half's value from its 16 bits. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The half nearest to a number, as 16 bits; of two equally near the even one. Beyond 65504 it is an infinity. */
export function floatToHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  // Steps between neighbouring halves: 2^-24 up to 2^-14, then 1/1024 of the power of two below.
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  if (exponent > 15) return sign | 0x7c00;
  // Exact: a division by a power of two. A carry into the next power of two lands in the exponent's bits by itself.
  const steps = roundToEven(size / 2 ** (exponent - 10));
  return sign | (steps + (exponent + 14) * 1024);
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
