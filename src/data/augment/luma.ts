/** Brightness of a pixel as ITU-R BT.601 weighs it, which JPEG and the usual augmentations share. */
export const LUMA = [0.299, 0.587, 0.114] as const;

export function luma(red: number, green: number, blue: number): number {
  return LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue;
}
