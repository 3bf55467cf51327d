/** Who a synthetic face is: everything about it that stays the same from shot to shot. */
import type { Rgb } from './colour.ts';

export type HairStyle =
  | 'bald'
  | 'buzz'
  | 'short'
  | 'sidePart'
  | 'quiff'
  | 'curly'
  | 'afro'
  | 'bob'
  | 'long'
  | 'wavy'
  | 'tiedBack'
  | 'receding';

export type BeardStyle = 'none' | 'stubble' | 'moustache' | 'goatee' | 'short' | 'full';
export type GlassesStyle = 'none' | 'round' | 'rectangular' | 'catEye' | 'aviator';

/** Lengths are in units of the 112-pixel ArcFace template (35 units between the eyes); angles in radians. */
export interface Identity {
  /** Key of this face's own textures (freckles, strands of hair). */
  readonly texture: number;
  /** 0 feminine … 1 masculine; most features lean on it. */
  readonly masculinity: number;
  /** Years, 16 to 80. */
  readonly age: number;
  readonly skin: Rgb;
  readonly head: {
    readonly width: number;
    readonly depth: number;
    readonly chin: number;
    readonly crown: number;
    readonly widest: number;
    readonly jawPower: number;
    readonly jawTaper: number;
    readonly foreheadPower: number;
    readonly cheekbones: number;
    readonly chinBump: number;
  };
  readonly eyes: {
    readonly apart: number;
    readonly halfWidth: number;
    readonly upper: number;
    readonly lower: number;
    readonly tilt: number;
    readonly power: number;
    readonly peak: number;
    readonly irisRadius: number;
    readonly iris: Rgb;
    readonly crease: number;
    readonly lashes: number;
    readonly shadow: Rgb;
    readonly shadowStrength: number;
    readonly bags: number;
    readonly socket: number;
  };
  readonly brows: {
    readonly height: number;
    readonly inner: number;
    readonly outer: number;
    readonly thickness: number;
    readonly arch: number;
    readonly peak: number;
    readonly slant: number;
    readonly density: number;
    readonly colour: Rgb;
    readonly uneven: number;
  };
  readonly nose: {
    readonly length: number;
    readonly width: number;
    readonly bridge: number;
    readonly height: number;
    readonly tip: number;
    readonly hump: number;
    readonly nostrils: number;
    readonly upturn: number;
  };
  readonly mouth: {
    readonly y: number;
    readonly halfWidth: number;
    readonly upperLip: number;
    readonly lowerLip: number;
    readonly bow: number;
    readonly droop: number;
    readonly colour: Rgb;
  };
  readonly ears: { readonly size: number; readonly out: number; readonly y: number; readonly ring: boolean };
  readonly hair: {
    readonly style: HairStyle;
    readonly colour: Rgb;
    readonly line: number;
    readonly peak: number;
    readonly recess: number;
    readonly fringe: number;
    readonly sweep: number;
    readonly volume: number;
    readonly sides: number;
    readonly length: number;
    readonly curl: number;
    readonly curlSize: number;
    readonly part: number;
  };
  readonly beard: {
    readonly style: BeardStyle;
    readonly colour: Rgb;
    readonly density: number;
    readonly cheek: number;
  };
  readonly marks: {
    readonly freckles: number;
    readonly blush: number;
    readonly moles: readonly { readonly x: number; readonly y: number; readonly r: number }[];
    readonly lines: number;
    readonly folds: number;
    readonly scar: {
      readonly x: number;
      readonly y: number;
      readonly angle: number;
      readonly length: number;
    } | null;
  };
  readonly glasses: {
    readonly style: GlassesStyle;
    readonly colour: Rgb;
    readonly thickness: number;
    readonly width: number;
    readonly height: number;
  };
}
