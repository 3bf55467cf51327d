/** A square placed on a picture: where it may be, and how it moves. Lengths are pixels of the picture. */

export interface Crop {
  /** Its centre. */
  readonly x: number;
  readonly y: number;
  /** Its side. */
  readonly side: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A smaller square holds no face. */
const SMALLEST_SIDE = 16;

/** The largest square, in the middle, a little high: where faces are in portraits. */
export function initialCrop(picture: Size): Crop {
  const side = Math.min(picture.width, picture.height);
  return within({ x: picture.width / 2, y: picture.height * 0.42, side }, picture);
}

/** The nearest crop that lies inside the picture. */
export function within({ x, y, side }: Crop, { width, height }: Size): Crop {
  const largest = Math.min(width, height);
  const held = Math.min(Math.max(side, Math.min(SMALLEST_SIDE, largest)), largest);
  const clamp = (centre: number, length: number) => Math.min(Math.max(centre, held / 2), length - held / 2);
  return { x: clamp(x, width), y: clamp(y, height), side: held };
}

/** Moved by shares of its own side: what one sees moves alike, however near one is. */
export function moved(crop: Crop, right: number, down: number, picture: Size): Crop {
  return within({ ...crop, x: crop.x + right * crop.side, y: crop.y + down * crop.side }, picture);
}

/** Enlarged about its centre by a factor; over 1 shows more of the picture. */
export function scaled(crop: Crop, factor: number, picture: Size): Crop {
  return within({ ...crop, side: crop.side * factor }, picture);
}

/** The part of the crop that fills `height` × `width` without distortion: the whole of it for a square. */
export function rectangle(
  { x, y, side }: Crop,
  { width, height }: Size,
): { readonly left: number; readonly top: number; readonly width: number; readonly height: number } {
  const longest = Math.max(width, height);
  const [w, h] = [(side * width) / longest, (side * height) / longest];
  return { left: x - w / 2, top: y - h / 2, width: w, height: h };
}

/** What a key does to a crop; undefined for keys that do nothing. Shift makes steps small. */
export function keyed(
  crop: Crop,
  key: string,
  { shift = false, picture }: { readonly shift?: boolean; readonly picture: Size },
): Crop | undefined {
  const step = shift ? 0.01 : 0.05;
  switch (key) {
    case 'ArrowLeft':
      return moved(crop, -step, 0, picture);
    case 'ArrowRight':
      return moved(crop, step, 0, picture);
    case 'ArrowUp':
      return moved(crop, 0, -step, picture);
    case 'ArrowDown':
      return moved(crop, 0, step, picture);
    case '+':
    case '=':
      return scaled(crop, 1 / (1 + step), picture);
    case '-':
      return scaled(crop, 1 + step, picture);
    default:
      return undefined;
  }
}
