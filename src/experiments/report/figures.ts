/** Every figure of a study. */
import { type Figure, standalone } from './chart.ts';
import { blackBoxFigures, whiteBoxFigures } from './figures-robustness.ts';
import { trainingFigures } from './figures-training.ts';
import { rocFigure, similarityFigure } from './figures-verification.ts';
import type { Results } from './results.ts';

/** Draws every figure: the two of robustness first. */
export function drawFigures(results: Results): {
  readonly whiteBox: Figure[];
  readonly blackBox: Figure[];
  readonly training: Figure[];
  readonly verification: Figure[];
} {
  return {
    whiteBox: whiteBoxFigures(results),
    blackBox: blackBoxFigures(results),
    training: trainingFigures(results),
    verification: [rocFigure(results), similarityFigure(results)],
  };
}

/**
 * Every figure as an SVG file's text, by name without ending: `white-box-ifgsm-rms`, `black-box-ifgsm`,
 * `training-loss`, `roc`, …
 */
export function figures(results: Results): Record<string, string> {
  const all = Object.values(drawFigures(results)).flat();
  return Object.fromEntries(all.map((figure) => [figure.id, standalone(figure)]));
}
