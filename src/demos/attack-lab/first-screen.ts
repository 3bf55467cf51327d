/** One attack of the lab as the first screen shows it: less than the lab needs, so that it loads at once. */

import { toBase64 } from '../shared/base64.ts';
import type { Similarities } from './defence.ts';
import { adversarialOf, type LabRecord } from './record.ts';

export interface FirstScreen {
  /** Side of the pictures. */
  readonly size: number;
  /** Bytes in base64, size × size × 3 each; `changed` is in the 256 levels of a PNG. */
  readonly source: string;
  readonly changed: string;
  readonly target: string;
  readonly before: Similarities;
  readonly after: Similarities;
  readonly threshold: number;
}

/** The first run of a record. Throws where there is none. */
export function firstScreen({ runs: [run] }: LabRecord): FirstScreen {
  if (!run) throw new RangeError('firstScreen: the record holds no run; record the defences first');
  const { pixels, result, defence } = run;
  return {
    size: defence.inputSize[0],
    source: pixels.source,
    changed: toBase64(Uint8Array.from(adversarialOf(run), (value) => Math.round(255 * value))),
    target: pixels.target,
    before: result.before,
    after: result.asPng,
    threshold: defence.threshold,
  };
}
