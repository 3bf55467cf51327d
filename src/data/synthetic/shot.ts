/** What changes from one photograph of a face to the next: pose, expression, light, camera, obstacles. */
import { blend, fromHue, type Rgb, scale, srgb } from './colour.ts';
import { Draws } from './random.ts';
import { clamp, mix } from './shapes.ts';

export type Occlusion = 'none' | 'hand' | 'mask' | 'hat' | 'bar' | 'strands';

/** Angles in radians, lengths in template units (1/112 of the picture's side). */
export interface Shot {
  /** Key of this shot's background and noise. */
  readonly texture: number;
  readonly yaw: number;
  readonly pitch: number;
  /** What is left over after alignment: a shift, a turn (the roll), a scale. */
  readonly shift: readonly [number, number];
  readonly turn: number;
  readonly zoom: number;
  readonly expression: {
    readonly smile: number;
    readonly open: number;
    readonly brows: number;
    /** 1 eyes as they are, 0 shut. */
    readonly eyes: number;
    readonly gaze: readonly [number, number];
  };
  readonly light: {
    /** Towards the light, in camera space: right, down, to the viewer; unit length. */
    readonly direction: readonly [number, number, number];
    readonly key: Rgb;
    readonly ambient: Rgb;
    readonly shine: number;
  };
  readonly camera: {
    readonly contrast: number;
    readonly saturation: number;
    /** Standard deviation of the blur, template units. */
    readonly blur: number;
    /** Standard deviation of the noise, bytes. */
    readonly noise: number;
    /** Step of the JPEG-like quantiser, bytes; 0 leaves the picture alone. */
    readonly loss: number;
  };
  readonly background: { readonly kind: number; readonly a: Rgb; readonly b: Rgb; readonly c: Rgb };
  readonly clothes: { readonly colour: Rgb; readonly collar: number; readonly stripes: number };
  readonly glassesOn: boolean;
  readonly sunglasses: boolean;
  readonly occlusion: Occlusion;
  readonly occluder: {
    readonly colour: Rgb;
    readonly second: Rgb;
    readonly u: number;
    readonly v: number;
    readonly w: number;
  };
}

/** How hard the shots are; 1 is the default, 0 is a frontal passport picture in even light. */
export const DEFAULT_VARIATION = 1;

function drawLight(d: Draws, v: number): Shot['light'] {
  const side = clamp(d.normal('light.side', 0, 0.75 * v), -1.6, 1.6);
  const height = d.uniform('light.height', mix(0.35, -0.15, v), mix(0.35, 1.1, v));
  const length = Math.sqrt(side * side + height * height + 0.64);
  const warmth = d.normal('light.warmth', 0, 0.16 * v);
  const ambientWarmth = d.normal('ambient.warmth', 0, 0.13 * v);
  const share = d.uniform('light.share', mix(0.5, 0.3, v), mix(0.5, 0.8, v));
  const exposure = 2 ** clamp(d.normal('light.exposure', 0.1, 0.42 * v), -1.1, 0.9);
  const gel = d.chance('light.gel', 0.06 * v)
    ? fromHue(d.uniform('light.gelHue'), 0.35, 1)
    : ([1, 1, 1] as const);
  const key = 1.35 * share * exposure;
  const ambient = 0.95 * (1 - share) * exposure;
  return {
    direction: [side / length, -height / length, 0.8 / length],
    key: [key * (1 + warmth) * gel[0], key * gel[1], key * (1 - warmth) * gel[2]],
    ambient: [ambient * (1 + ambientWarmth), ambient, ambient * (1 - ambientWarmth)],
    shine: d.uniform('light.shine', 0.02, 0.2),
  };
}

function drawExpression(d: Draws, v: number): Shot['expression'] {
  const laughing = d.chance('mouth.open', 0.28 * v);
  return {
    smile: clamp(d.normal('smile', 0.3, 0.5 * v), -0.5, 1.15),
    open: laughing ? d.uniform('open', 1.5, 9) : 0,
    brows: clamp(d.normal('browRaise', 0, 1.3 * v), -2.2, 3.6),
    eyes: d.chance('blink', 0.05 * v)
      ? d.uniform('blinked', 0, 0.3)
      : clamp(d.normal('eyesOpen', 0.98, 0.14 * v), 0.5, 1.25),
    gaze: [clamp(d.normal('gaze.x', 0, 1.1 * v), -2.8, 2.8), clamp(d.normal('gaze.y', 0, 0.45 * v), -1, 1.1)],
  };
}

function drawBackground(d: Draws): Shot['background'] {
  const hue = d.uniform('back.hue');
  const value = d.uniform('back.value', 0.08, 0.95);
  const colour = (name: string): Rgb =>
    fromHue(
      (hue + d.uniform(`${name}.hue`, 0, 0.35)) % 1,
      d.uniform(`${name}.saturation`) ** 2 * 0.8,
      clamp(value + d.uniform(`${name}.value`, -0.3, 0.3), 0.04, 1),
    );
  return {
    kind: d.pick('back.kind', [0, 1, 2, 3, 4]),
    a: colour('back.a'),
    b: colour('back.b'),
    c: colour('back.c'),
  };
}

/**
 * The nuisance of one shot. `variation` scales it: 1 as in the default sets, 0 none but background and
 * clothes. Integers as in `drawFace`.
 */
export function drawShot(seed: number, identity: number, shot: number, variation = DEFAULT_VARIATION): Shot {
  const d = new Draws(seed, identity, shot);
  const v = variation;
  const fabric = fromHue(
    d.uniform('cloth.hue'),
    d.uniform('cloth.saturation') * 0.75,
    d.uniform('cloth.value', 0.08, 0.95),
  );
  const blurred = d.chance('blurred', 0.35 * v);
  return {
    texture: d.bits('texture'),
    yaw: clamp(d.normal('yaw', 0, 0.27 * v), -0.68, 0.68),
    pitch: clamp(d.normal('pitch', 0, 0.13 * v), -0.32, 0.32),
    shift: [d.normal('shift.x', 0, 1.3 * v), d.normal('shift.y', 0, 1.3 * v)],
    turn: d.normal('turn', 0, 0.06 * v),
    zoom: 1 + d.normal('zoom', 0, 0.028 * v),
    expression: drawExpression(d, v),
    light: drawLight(d, v),
    camera: {
      contrast: 1 + d.normal('contrast', 0, 0.13 * v),
      saturation: d.chance('monochrome', 0.04 * v) ? 0 : 1 + d.normal('saturation', 0, 0.2 * v),
      blur: blurred ? d.uniform('blur', 0.4, 1.7) : 0.25,
      noise: v * 9 * d.uniform('noise') ** 2,
      loss: d.chance('loss', 0.25 * v) ? d.uniform('lossStep', 4, 18) : 0,
    },
    background: drawBackground(d),
    clothes: {
      colour: fabric,
      collar: d.uniform('collar', 44, 66),
      stripes: d.chance('striped', 0.25) ? d.uniform('stripes', 3, 8) : 0,
    },
    glassesOn: v === 0 || d.chance('glassesOn', 0.88),
    sunglasses: d.chance('sunglasses', 0.045 * v),
    occlusion: d.pick<Occlusion>(
      'occlusion',
      ['none', 'hand', 'mask', 'hat', 'bar', 'strands'],
      [1 - 0.15 * v, 0.035 * v, 0.03 * v, 0.045 * v, 0.02 * v, 0.02 * v],
    ),
    occluder: {
      colour: scale(
        fromHue(
          d.uniform('occluder.hue'),
          d.uniform('occluder.saturation') * 0.8,
          d.uniform('occluder.value', 0.15, 0.95),
        ),
        1,
      ),
      second: blend(
        srgb(245, 245, 245),
        fromHue(d.uniform('occluder.hue2'), 0.6, 0.5),
        d.uniform('occluder.mix'),
      ),
      u: d.uniform('occluder.u'),
      v: d.uniform('occluder.v'),
      w: d.uniform('occluder.w'),
    },
  };
}
