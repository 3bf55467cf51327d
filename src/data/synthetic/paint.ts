/** What layers paint on: one pixel's material, and the tools every layer shares. */
import type { Rgb } from './colour.ts';
import type { Head, Place } from './head.ts';
import type { Identity } from './identity.ts';
import type { Shot } from './shot.ts';

/** Material under one pixel: linear colour, head-space normal, gloss, and how much light reaches it. */
export interface Material {
  r: number;
  g: number;
  b: number;
  nx: number;
  ny: number;
  nz: number;
  gloss: number;
  shade: number;
}

export function newMaterial(): Material {
  return { r: 0, g: 0, b: 0, nx: 0, ny: 0, nz: 1, gloss: 0, shade: 1 };
}

/** What a layer needs to know; `soft` is the width of a pixel in template units. */
export interface Sitting {
  readonly identity: Identity;
  readonly shot: Shot;
  readonly head: Head;
  readonly soft: number;
}

/** A layer: paints onto the material at a place. */
export type Layer = (place: Place, material: Material) => void;

/** Lays `colour` over the material. */
export function tint(m: Material, colour: Rgb, amount: number): void {
  m.r += (colour[0] - m.r) * amount;
  m.g += (colour[1] - m.g) * amount;
  m.b += (colour[2] - m.b) * amount;
}

/** Scales the material's colour: darker, redder. */
export function stain(m: Material, r: number, g: number, b: number, amount: number): void {
  m.r *= 1 + (r - 1) * amount;
  m.g *= 1 + (g - 1) * amount;
  m.b *= 1 + (b - 1) * amount;
}
