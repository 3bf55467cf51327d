/** Where the five points of a face lie on a 112 × 112 crop of ArcFace, in whose terms "aligned" is meant everywhere here. */

/** Landmarks of a face, x and y in pixels, where 0 is the centre of the first pixel. */
export type FivePoints = readonly (readonly [x: number, y: number])[];

/** Side of the crop that the template is for, pixels. */
export const TEMPLATE_SIZE = 112;

/**
 * Eyes, tip of the nose, corners of the mouth; of two, the left one in the picture first. InsightFace's constants
 * (python-package/insightface/utils/face_align.py, `arcface_dst`), from Deng et al. 2019.
 */
export const ARCFACE_TEMPLATE: FivePoints = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
];

/**
 * The template on a crop of another side. Scaled as a picture is when it is resized: corners of pixels stay corners, so
 * a face aligned at 56 lies where it does on a crop of 112 that is resized to 56.
 */
export function templateAt(size: number): FivePoints {
  const scale = size / TEMPLATE_SIZE;
  const move = (value: number): number => (value + 0.5) * scale - 0.5;
  return ARCFACE_TEMPLATE.map(([x, y]) => [move(x), move(y)]);
}
