/** Draws one synthetic face: a software renderer with no canvas, the same in Node and in a page. */
import { DataError } from '../errors.ts';
import { backdrop, clothesThing, neckThing } from './backdrop.ts';
import { beardLayer } from './beard.ts';
import { blur, develop, halve, lose } from './camera.ts';
import { gammaTable, toneMap } from './colour.ts';
import { drawIdentity } from './draw-identity.ts';
import { browsLayer, eyesLayer } from './eyes.ts';
import { earsThing, hairBehind, hairInFront, hairShadow, type Thing } from './hair.ts';
import { Head, newPlace } from './head.ts';
import { mouthLayer } from './mouth.ts';
import { type Material, newMaterial, type Sitting } from './paint.ts';
import { requireInteger } from './random.ts';
import { cover } from './shapes.ts';
import { DEFAULT_VARIATION, drawShot } from './shot.ts';
import { skinLayer } from './skin.ts';
import { glassesThing, occluderThing } from './wear.ts';

/** Sizes that `drawFace` accepts, pixels. */
export const MIN_SIZE = 16;
export const MAX_SIZE = 512;

export interface FaceRequest {
  /** World of faces: another seed is another set of people. Non-negative integer. */
  readonly seed: number;
  /** Which person of that world; any non-negative integer. */
  readonly identity: number;
  /** Which photograph of that person; any non-negative integer. */
  readonly shot: number;
  /** Side of the square picture in pixels, 16 to 512. */
  readonly size: number;
  /** How much shots differ, 0 (frontal, even light) to 1, the default. */
  readonly variation?: number;
}

const GAMMA = gammaTable();

/** Below this many pixels a side, features are thinner than a pixel and are drawn at twice the size. */
const SMALL = 48;

/** The face itself as a thing: skin, then features, inside the outline. */
function faceThing(sitting: Sitting): Thing {
  const layers = [
    skinLayer(sitting),
    hairShadow(sitting),
    beardLayer(sitting),
    mouthLayer(sitting),
    eyesLayer(sitting),
    browsLayer(sitting),
  ];
  const { soft } = sitting;
  return (place, m) => {
    const alpha = cover(place.edge, soft);
    if (alpha <= 0) return 0;
    for (let i = 0; i < layers.length; i++) layers[i]!(place, m);
    return alpha;
  };
}

/** How a material looks in this shot's light: written to `out` as linear light. */
function lighting({ shot, head }: Sitting): (m: Material, out: Float64Array) => void {
  const { direction, key, ambient, shine } = shot.light;
  const [lx, ly, lz] = head.toHead(...direction);
  const [vx, vy, vz] = head.toHead(0, 0, 1);
  const hl = Math.sqrt((lx + vx) ** 2 + (ly + vy) ** 2 + (lz + vz) ** 2);
  const hx = (lx + vx) / hl;
  const hy = (ly + vy) / hl;
  const hz = (lz + vz) / hl;
  return (m, out) => {
    const lambert = m.nx * lx + m.ny * ly + m.nz * lz;
    // Skin lets light round the corner, red furthest.
    const wrapped = (lambert + 0.22) / 1.22;
    const soft = (lambert + 0.36) / 1.36;
    const d = wrapped > 0 ? wrapped : 0;
    const red = soft > d ? soft * 0.25 + d * 0.75 : d;
    const sky = (0.78 - 0.3 * m.ny) * m.shade;
    const facing = m.nx * hx + m.ny * hy + m.nz * hz;
    let spec = 0;
    if (facing > 0.5) {
      const s2 = facing * facing;
      const s8 = s2 * s2 * s2 * s2;
      spec = s8 * s8 * shine * m.gloss * m.shade;
    }
    const lit = 0.35 + 0.65 * m.shade;
    out[0] = m.r * (key[0] * red * lit + ambient[0] * sky) + spec * key[0];
    out[1] = m.g * (key[1] * d * lit + ambient[1] * sky) + spec * key[1];
    out[2] = m.b * (key[2] * d * lit + ambient[2] * sky) + spec * key[2];
  };
}

function render(sitting: Sitting, size: number): Float64Array {
  const ears = earsThing(sitting, false);
  const things: Thing[] = [
    hairBehind(sitting),
    neckThing(sitting),
    clothesThing(sitting),
    ears,
    faceThing(sitting),
    hairInFront(sitting),
    earsThing(sitting, true),
    glassesThing(sitting),
    occluderThing(sitting),
  ].filter((thing) => thing !== null);
  const behind = backdrop(sitting);
  const light = lighting(sitting);
  const place = newPlace();
  const material = newMaterial();
  const sum = new Float64Array(3);
  const lit = new Float64Array(3);
  const pixels = new Float64Array(size * size * 3);
  const unit = 112 / size;
  for (let j = 0; j < size; j++) {
    const v = (j + 0.5) * unit - 0.5;
    for (let i = 0; i < size; i++) {
      const u = (i + 0.5) * unit - 0.5;
      sitting.head.locate(u, v, place);
      if (place.edge < sitting.soft) behind(u, v, sum);
      for (let t = 0; t < things.length; t++) {
        const alpha = things[t]!(place, material);
        if (alpha <= 0) continue;
        light(material, lit);
        sum[0]! += (lit[0]! - sum[0]!) * alpha;
        sum[1]! += (lit[1]! - sum[1]!) * alpha;
        sum[2]! += (lit[2]! - sum[2]!) * alpha;
      }
      const at = (j * size + i) * 3;
      for (let c = 0; c < 3; c++) pixels[at + c] = toneMap(GAMMA, sum[c]!);
    }
  }
  return pixels;
}

function sit(request: FaceRequest, pixels: number): Sitting {
  const { seed, identity: number, shot: take, variation = DEFAULT_VARIATION } = request;
  const identity = drawIdentity(seed, number);
  const shot = drawShot(seed, number, take, variation);
  return { identity, shot, head: new Head(identity, shot), soft: 112 / pixels };
}

function check({ seed, identity, shot, size, variation = DEFAULT_VARIATION }: FaceRequest): void {
  requireInteger('seed', seed, 0, Number.MAX_SAFE_INTEGER);
  requireInteger('identity', identity, 0, Number.MAX_SAFE_INTEGER);
  requireInteger('shot', shot, 0, Number.MAX_SAFE_INTEGER);
  requireInteger('size', size, MIN_SIZE, MAX_SIZE);
  if (!(variation >= 0 && variation <= 1)) {
    throw new DataError(`synthetic faces: variation must be between 0 and 1, got ${variation}`);
  }
}

/**
 * Draws one face, aligned as ArcFace crops are. A pure function: the same request, the same bytes.
 *
 * Returns RGB bytes, `size × size × 3`, row by row. Throws a DataError that names the number at fault.
 */
export function drawFace(request: FaceRequest): Uint8Array {
  check(request);
  const { size } = request;
  const small = size < SMALL;
  const drawn = small ? 2 * size : size;
  const sitting = sit(request, drawn);
  let pixels = render(sitting, drawn);
  if (small) pixels = halve(pixels, size);
  blur(pixels, size, (sitting.shot.camera.blur * size) / 112);
  lose(pixels, size, sitting.shot.camera.loss);
  return develop(pixels, size, sitting.shot);
}

/**
 * Where the five ArcFace points of that picture are (eyes, tip of the nose, corners of the mouth; left
 * first), as `[x, y]` in pixels of the picture, pixel centres at integers.
 */
export function faceLandmarks(request: FaceRequest): readonly (readonly [number, number])[] {
  check(request);
  const k = request.size / 112;
  return sit(request, request.size).head.landmarks.map(
    ([x, y]) => [(x + 0.5) * k - 0.5, (y + 0.5) * k - 0.5] as const,
  );
}
