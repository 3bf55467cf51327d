/** From pixels to what a network was trained to see. */
import { concat, constant, mul, slice, sub, type Tensor } from '../engine/index.ts';

/** (p − mean) · scale for each channel of pixels p in [0, 1]. Means and scales are given for R, G, B in this order. */
export interface Preprocessing {
  readonly mean: readonly [number, number, number];
  readonly scale: readonly [number, number, number];
  /** The order in which the network takes the channels; pixels are always RGB. */
  readonly order: 'rgb' | 'bgr';
}

const alike = (mean: number, scale: number): Preprocessing => ({
  mean: [mean, mean, mean],
  scale: [scale, scale, scale],
  order: 'rgb',
});

/** Common ones by name; x is the byte value of a pixel, 255 p. */
export const PREPROCESSINGS = {
  /** (x − 127.5)/128: MobileFaceNet's, ours and y1's. */
  '128': alike(0.5, 255 / 128),
  /** (x − 127.5)/127.5: what InsightFace's exported networks take. */
  '127.5': alike(0.5, 2),
  /** x itself: for graphs that subtract and scale by themselves, as those exported from MXNet do. */
  bytes: alike(0, 255),
  /** x/255. */
  unit: alike(0, 1),
  /** (x/255 − mean)/deviation with ImageNet's statistics: foamliu's. */
  imagenet: { mean: [0.485, 0.456, 0.406], scale: [1 / 0.229, 1 / 0.224, 1 / 0.225], order: 'rgb' },
} as const satisfies Readonly<Record<string, Preprocessing>>;

export type PreprocessingName = keyof typeof PREPROCESSINGS;

/** Pixels [1, N, H, W, 3] in [0, 1], RGB, as the network takes them; same shape. */
export function preprocess(pixels: Tensor, { mean, scale, order }: Preprocessing): Tensor {
  const perChannel = (values: readonly number[]): Tensor | number =>
    values.every((value) => value === values[0]) ? values[0]! : constant(values, [1, 1, 1, 1, 3]);
  const standard = mul(sub(pixels, perChannel(mean)), perChannel(scale));
  return order === 'rgb' ? standard : reverseChannels(standard);
}

function reverseChannels(x: Tensor): Tensor {
  const leading = x.shape.slice(0, -1);
  const channels = [2, 1, 0].map((channel) =>
    slice(x, [...leading.map(() => 0), channel], [...leading, channel + 1]),
  );
  return concat(channels, -1);
}
