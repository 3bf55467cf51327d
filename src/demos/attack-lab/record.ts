/**
 * What the lab writes: settings and results of one or two defences on the same pair, as JSON. Pixels are in it exactly, so that the
 * same networks give the same similarities elsewhere: sources and targets as bytes, adversarial images as 32-bit floats,
 * little-endian, both in base64. A PNG has only 256 levels; the similarity of the rounded image stands beside.
 */
import { fromBase64, toBase64 } from '../shared/base64.ts';
import type { Similarities } from './defence.ts';
import type { LabOutcome } from './run.ts';

export const RECORD_SCHEMA = 'facet-attack-lab';

export interface RunRecord {
  readonly defence: {
    readonly name: string;
    readonly members: number;
    readonly matching: string;
    readonly threshold: number;
    /** [height, width] */
    readonly inputSize: readonly [number, number];
  };
  readonly attack: {
    readonly name: string;
    readonly settings: Readonly<Record<string, number | string | boolean>>;
    readonly seed: number;
  };
  readonly result: {
    readonly success: boolean;
    readonly before: Similarities;
    readonly after: Similarities;
    readonly asPng: Similarities;
    /** Of the perturbation; pixels in [0, 1]. */
    readonly l2: number;
    readonly linf: number;
    readonly rms: number;
    readonly iterations: number;
    readonly evaluations: number;
    readonly trials: number;
    readonly found: Readonly<Record<string, number>>;
  };
  /** H × W × 3 each; base64 of bytes, of bytes, of f32. */
  readonly pixels: { readonly source: string; readonly target: string; readonly adversarial: string };
}

export interface LabRecord {
  readonly schema: typeof RECORD_SCHEMA;
  readonly version: 1;
  /** What computed. */
  readonly adapter: string;
  readonly pair: { readonly source: string; readonly target: string };
  readonly runs: readonly RunRecord[];
}

export interface RunParts {
  readonly defence: RunRecord['defence'];
  readonly attack: string;
  readonly seed: number;
  readonly before: Similarities;
  readonly outcome: LabOutcome;
  readonly source: Uint8Array;
  readonly target: Uint8Array;
}

/** One run as it is written. */
export function runRecord({ defence, attack, seed, before, outcome, source, target }: RunParts): RunRecord {
  const { success, similarity, asPng, size, iterations, evaluations, trials, found, settings, image } =
    outcome;
  return {
    defence,
    attack: { name: attack, settings, seed },
    result: { success, before, after: similarity, asPng, ...size, iterations, evaluations, trials, found },
    pixels: { source: toBase64(source), target: toBase64(target), adversarial: toBase64(bytesOf(image)) },
  };
}

/** The adversarial image of a run that was written: H × W × 3 in [0, 1]. */
export function adversarialOf({ pixels }: RunRecord): Float32Array {
  const bytes = fromBase64(pixels.adversarial);
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

function bytesOf(values: Float32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [i, value] of values.entries()) view.setFloat32(4 * i, value, true);
  return new Uint8Array(view.buffer);
}
