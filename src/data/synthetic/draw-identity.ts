/** Draws who a synthetic face is from two numbers; the ranges here are what makes the people of a world differ. */
import { blend, fromHue, GREY_HAIR, HAIR, IRIS, type Rgb, scale, skinAt } from './colour.ts';
import type { BeardStyle, GlassesStyle, HairStyle, Identity } from './identity.ts';
import { Draws } from './random.ts';
import { clamp, mix } from './shapes.ts';

const SHORT_STYLES: readonly HairStyle[] = [
  'bald',
  'buzz',
  'short',
  'sidePart',
  'quiff',
  'curly',
  'afro',
  'receding',
  'long',
];
const LONG_STYLES: readonly HairStyle[] = ['bob', 'long', 'wavy', 'tiedBack', 'curly', 'afro', 'short'];

function drawHairColour(d: Draws, tone: number, greyness: number): Rgb {
  const dark = clamp((tone - 0.35) * 3, 0, 1);
  const weights = [
    1 + 5 * dark,
    2.2 + dark,
    ...[2.2, 1, 0.9, 1.5, 1.3, 0.35].map((w) => w * (1 - 0.96 * dark)),
  ];
  const natural = scale(
    d.pick('hair.colour', Object.values(HAIR), weights),
    d.uniform('hair.shade', 0.75, 1.3),
  );
  if (d.chance('hair.dyed', 0.04))
    return fromHue(d.uniform('hair.hue'), 0.7, d.uniform('hair.value', 0.4, 0.85));
  return blend(natural, GREY_HAIR, greyness);
}

function drawHair(d: Draws, masculinity: number, greyness: number, tone: number): Identity['hair'] {
  const dark = tone > 0.6;
  const style =
    masculinity > 0.5
      ? d.pick('hair.style', SHORT_STYLES, [
          0.5 + greyness,
          dark ? 2 : 1,
          2.2,
          1.8,
          1.4,
          1.1,
          dark ? 0.9 : 0.15,
          0.5 + 1.6 * greyness,
          0.5,
        ])
      : d.pick('hair.style', LONG_STYLES, [1.8, 2.2, 2, 1.6, 1.2, dark ? 1.2 : 0.15, 0.8]);
  const lengths: Partial<Record<HairStyle, number>> = {
    bob: d.uniform('hair.bob', 30, 50),
    long: 90,
    wavy: 90,
    curly: masculinity > 0.5 ? 2 : d.uniform('hair.curls', 15, 90),
    afro: d.uniform('hair.afro', 0, 26),
  };
  const volumes: Record<HairStyle, readonly [number, number]> = {
    bald: [0, 0],
    buzz: [1.2, 0.6],
    short: [6, 2.2],
    sidePart: [8, 2.6],
    quiff: [11, 1.8],
    curly: [10, 6],
    afro: [18, 14],
    bob: [6, 7],
    long: [5, 5.5],
    wavy: [7, 8],
    tiedBack: [4, 1.6],
    receding: [3.5, 2],
  };
  const swell = d.uniform('hair.volume', 0.75, 1.3);
  const [volume, sides] = volumes[style];
  const fringeChance: Partial<Record<HairStyle, number>> = {
    short: 0.5,
    sidePart: 0.75,
    curly: 0.5,
    bob: 0.65,
    long: 0.45,
    wavy: 0.35,
  };
  const fringed = d.chance('hair.fringed', fringeChance[style] ?? 0);
  return {
    style,
    colour: drawHairColour(d, tone, greyness),
    line: d.normal('hair.line', -33, 2.6) - (style === 'receding' ? 8 : 0),
    peak: d.chance('hair.peaked', 0.3) ? d.uniform('hair.peak', 2, 6) : 0,
    recess: (style === 'receding' ? 7 : 0) + masculinity * d.uniform('hair.recess', 0, 5),
    fringe: fringed ? d.uniform('hair.fringe', 7, 21) : 0,
    sweep: d.uniform('hair.sweep', -1, 1),
    volume: volume * swell,
    sides: sides * swell,
    length: lengths[style] ?? (masculinity > 0.5 ? d.uniform('hair.sideburns', -2, 13) : 2),
    curl:
      style === 'curly' || style === 'afro' ? 1 : style === 'wavy' ? 0.45 : d.uniform('hair.curl', 0, 0.22),
    curlSize: d.uniform('hair.curlSize', 4, 8),
    part: d.uniform('hair.part', -20, 20),
  };
}

function drawEyes(d: Draws, masculinity: number, tone: number, age: number): Identity['eyes'] {
  const dark = clamp((tone - 0.4) * 3, 0, 1);
  const light = 1 - 0.97 * dark;
  const iris = d.pick('eyes.iris', Object.values(IRIS), [
    1.5 + 3 * dark,
    2,
    light,
    0.9 * light,
    0.8 * light,
    1.8 * light,
  ]);
  const makeup = masculinity < 0.5 && d.chance('eyes.makeup', 0.4);
  return {
    apart: d.normal('eyes.apart', 17.5, 0.95),
    halfWidth: d.normal('eyes.width', 8.2 + (1 - masculinity) * 0.5, 0.75),
    upper: clamp(d.normal('eyes.upper', 4.1 + (1 - masculinity) * 0.6, 0.8), 2.2, 6.4),
    lower: clamp(d.normal('eyes.lower', 2.1, 0.5), 0.9, 3.4),
    tilt: d.normal('eyes.tilt', 0.06, 0.085),
    power: d.uniform('eyes.power', 1.6, 2.7),
    peak: d.uniform('eyes.peak', -0.28, 0.28),
    irisRadius: d.normal('eyes.irisRadius', 4.05, 0.24),
    iris: scale(iris, d.uniform('eyes.irisShade', 0.75, 1.3)),
    crease: d.chance('eyes.monolid', 0.25) ? 0 : d.uniform('eyes.crease', 1.3, 3.6),
    lashes: mix(1.15, 0.65, masculinity) * d.uniform('eyes.lashes', 0.75, 1.25) + (makeup ? 0.4 : 0),
    shadow: fromHue(d.uniform('eyes.shadowHue'), 0.45, 0.5),
    shadowStrength: makeup ? d.uniform('eyes.shadow', 0.2, 0.6) : 0,
    bags: clamp((age - 35) / 45, 0, 1) * d.uniform('eyes.bagsAge', 0.4, 1.2) + d.uniform('eyes.bags', 0, 0.3),
    socket: d.uniform('eyes.socket', 0.5, 1.4) * mix(0.8, 1.2, masculinity),
  };
}

function drawBeard(
  d: Draws,
  masculinity: number,
  age: number,
  hair: Rgb,
  greyness: number,
): Identity['beard'] {
  const can = masculinity > 0.55 && age > 19;
  return {
    style: can
      ? d.pick<BeardStyle>(
          'beard.style',
          ['none', 'stubble', 'moustache', 'goatee', 'short', 'full'],
          [4, 2, 0.9, 1, 1.5, 1.1],
        )
      : 'none',
    colour: blend(scale(hair, 0.8), GREY_HAIR, greyness * 0.5),
    density: d.uniform('beard.density', 0.65, 1),
    cheek: d.uniform('beard.cheek', -5, 6),
  };
}

function drawMarks(d: Draws, tone: number, age: number, masculinity: number): Identity['marks'] {
  const moles = d.pick('marks.moles', [0, 1, 2, 3], [5, 3, 1.4, 0.6]);
  const years = clamp((age - 32) / 45, 0, 1);
  return {
    freckles: tone < 0.5 && d.chance('marks.freckled', 0.2) ? d.uniform('marks.freckles', 0.4, 1) : 0,
    blush: d.uniform('marks.blush', 0.05, 0.4) * (1 - 0.5 * masculinity),
    moles: Array.from({ length: moles }, (_, i) => ({
      x: d.uniform(`mole.x.${i}`, -32, 32),
      y: d.uniform(`mole.y.${i}`, 8, 54),
      r: d.uniform(`mole.r.${i}`, 0.8, 1.7),
    })),
    lines: years * d.uniform('marks.lines', 0.5, 1.2),
    folds: years * d.uniform('marks.foldsAge', 0.5, 1.1) + d.uniform('marks.folds', 0, 0.25),
    scar: d.chance('marks.scarred', 0.03)
      ? {
          x: d.uniform('scar.x', -26, 26),
          y: d.uniform('scar.y', -20, 50),
          angle: d.uniform('scar.angle', -1.5, 1.5),
          length: d.uniform('scar.length', 4, 9),
        }
      : null,
  };
}

function drawGlasses(d: Draws, age: number): Identity['glasses'] {
  const worn = d.chance('glasses.worn', age > 45 ? 0.33 : 0.18);
  return {
    style: worn
      ? d.pick<GlassesStyle>(
          'glasses.style',
          ['round', 'rectangular', 'catEye', 'aviator'],
          [1, 1.8, 0.7, 0.6],
        )
      : 'none',
    colour: d.chance('glasses.coloured', 0.3)
      ? fromHue(d.uniform('glasses.hue'), 0.6, d.uniform('glasses.value', 0.25, 0.7))
      : fromHue(0.07, d.uniform('glasses.brown', 0, 0.6), d.uniform('glasses.dark', 0.06, 0.35)),
    thickness: d.uniform('glasses.thickness', 0.55, 1.5),
    width: d.uniform('glasses.width', 12.5, 15.5),
    height: d.uniform('glasses.height', 8.2, 12),
  };
}

/** The identity with this number in the world of this seed; both are non-negative safe integers. */
export function drawIdentity(seed: number, identity: number): Identity {
  const d = new Draws(seed, identity);
  // Two broad groups with a little between them, as faces are.
  const masculinity = clamp(
    d.chance('masculine', 0.5) ? d.normal('m', 0.8, 0.12) : d.normal('m', 0.2, 0.12),
    0,
    1,
  );
  const age = clamp(16 + 64 * d.uniform('age') ** 1.7, 16, 80);
  const tone = d.uniform('skin.tone') ** 1.15;
  const base = skinAt(tone);
  const ruddy = d.normal('skin.undertone', 0, 0.06);
  const skin = scale(base, 1 + ruddy, 1, 1 - 1.2 * ruddy);
  const greyness = clamp((age - 42) / 34 + d.normal('hair.grey', 0, 0.22), 0, 1) * (age > 30 ? 1 : 0);
  const hair = drawHair(d, masculinity, greyness, tone);
  const width = d.normal('head.width', 41.5 + masculinity * 1.2, 2.2);
  const heavy = d.normal('head.heavy', 0, 1);
  const lipstick = masculinity < 0.5 && d.chance('mouth.lipstick', 0.35);
  const lipBase = blend(
    scale(skin, 0.86, 0.6, 0.62),
    fromHue(0.98, 0.5, 0.55),
    d.uniform('mouth.tint', 0.05, 0.4),
  );
  return {
    texture: d.bits('texture'),
    masculinity,
    age,
    skin,
    head: {
      width: width + heavy * 0.8,
      depth: d.normal('head.depth', 45, 1.5),
      chin: d.normal('head.chin', 61 + masculinity * 3, 2.6),
      crown: d.normal('head.crown', -61, 2.4),
      widest: d.normal('head.widest', 2, 4),
      jawPower: clamp(d.normal('head.jawPower', 2.3 + masculinity * 0.7 + heavy * 0.25, 0.45), 1.7, 4.2),
      jawTaper: clamp(d.normal('head.jawTaper', 0.24 - masculinity * 0.07 - heavy * 0.05, 0.07), 0, 0.4),
      foreheadPower: d.uniform('head.forehead', 2.1, 2.9),
      cheekbones: d.uniform('head.cheekbones', 0.2, 1.5),
      chinBump: d.uniform('head.chinBump', 0.2, 1.5),
    },
    eyes: drawEyes(d, masculinity, tone, age),
    brows: {
      height: d.normal('brows.height', 11.6 - masculinity * 1.8, 1.3),
      inner: d.normal('brows.inner', 8.6, 1.1),
      outer: d.normal('brows.outer', 29, 1.3),
      thickness: clamp(d.normal('brows.thickness', 1.1 + masculinity * 0.75, 0.4), 0.55, 2.7),
      arch: clamp(d.normal('brows.arch', 2.8 - masculinity * 0.9, 1.1), 0, 6),
      peak: d.uniform('brows.peak', 0.45, 0.75),
      slant: d.normal('brows.slant', 0.3, 1.2),
      density: d.uniform('brows.density', 0.6, 1),
      colour: scale(blend(hair.colour, HAIR.darkBrown, 0.45), 0.85),
      uneven: d.normal('brows.uneven', 0, 0.4),
    },
    nose: {
      length: d.normal('nose.length', 21, 1.9),
      width: clamp(d.normal('nose.width', 8.2 + masculinity * 0.9 + tone * 1.3, 1.15), 5.6, 12.5),
      bridge: d.uniform('nose.bridge', 2.6, 5),
      height: d.normal('nose.height', 12.5, 1.6),
      tip: d.uniform('nose.tip', 3.4, 6),
      hump: clamp(d.normal('nose.hump', 0, 0.9), -1.2, 2.4),
      nostrils: d.uniform('nose.nostrils', 0.7, 1.4),
      upturn: d.uniform('nose.upturn', -1, 1.4),
    },
    mouth: {
      y: d.normal('mouth.y', 40.5, 1.5),
      halfWidth: d.normal('mouth.width', 13.8 + masculinity * 0.7, 1.4),
      upperLip: clamp(d.normal('mouth.upper', 3.5 - masculinity * 0.9 + tone * 0.9, 0.7), 1.3, 6),
      lowerLip: clamp(d.normal('mouth.lower', 4.7 - masculinity * 0.8 + tone * 0.9, 0.8), 2.2, 7.5),
      bow: d.uniform('mouth.bow', 0, 0.42),
      droop: d.normal('mouth.droop', 0, 0.8),
      colour: lipstick
        ? fromHue(
            d.uniform('mouth.hue', 0.92, 1.02) % 1,
            d.uniform('mouth.saturation', 0.55, 0.85),
            d.uniform('mouth.value', 0.45, 0.75),
          )
        : lipBase,
    },
    ears: {
      size: d.normal('ears.size', 9.5, 1.1),
      out: d.uniform('ears.out', 1.2, 5.2),
      y: d.uniform('ears.y', 6, 12),
      ring: d.chance('ears.ring', masculinity < 0.5 ? 0.4 : 0.06),
    },
    hair,
    beard: drawBeard(d, masculinity, age, hair.colour, greyness),
    marks: drawMarks(d, tone, age, masculinity),
    glasses: drawGlasses(d, age),
  };
}
