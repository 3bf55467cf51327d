/** What a canvas shows, as height × width × 3 bytes. */
export function canvasRgb(context: OffscreenCanvasRenderingContext2D): Uint8Array {
  const { width, height } = context.canvas;
  const rgba = context.getImageData(0, 0, width, height).data;
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
    rgb[to] = rgba[from]!;
    rgb[to + 1] = rgba[from + 1]!;
    rgb[to + 2] = rgba[from + 2]!;
  }
  return rgb;
}
