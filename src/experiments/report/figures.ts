/** Every figure of a study. */
import { type Figure, standalone } from './chart.ts';
import { transferMatrices } from './diagnosis.ts';
import { attackLossFigures } from './figures-attack-loss.ts';
import { anglesFigure, transferFigure } from './figures-diagnosis.ts';
import { directionsFigure } from './figures-directions.ts';
import { robustnessAccuracyFigure } from './figures-matched.ts';
import { blackBoxFigures, type WhiteBoxFigures, whiteBoxFigures } from './figures-robustness.ts';
import { trainingFigures } from './figures-training.ts';
import { rocFigure, similarityFigure } from './figures-verification.ts';
import { type Matched, matchedAccuracy } from './matched.ts';
import type { Results } from './results.ts';
import { uniqueFileNames } from './summary.ts';

/** Every figure, by what it is about; lists and fields are empty where there is nothing to draw. */
export interface Figures {
  readonly verification: readonly Figure[];
  /** All attacks together first, where there are several. */
  readonly whiteBox: readonly WhiteBoxFigures[];
  readonly blackBox: readonly Figure[];
  readonly matched: Figure | undefined;
  readonly attackLoss: readonly Figure[];
  readonly angles: Figure | undefined;
  readonly directions: Figure | undefined;
  readonly transfer: readonly Figure[];
  readonly training: readonly Figure[];
}

/** Draws every figure that the results hold numbers for. */
export function drawFigures(
  results: Results,
  document: Document,
  matched: Matched | undefined = matchedAccuracy(results),
): Figures {
  const matrices = transferMatrices(results);
  const transferIds = uniqueFileNames(matrices.map((m) => m.attack));
  return {
    verification: [rocFigure(results, document), similarityFigure(results, document)],
    whiteBox: whiteBoxFigures(results, document),
    blackBox: blackBoxFigures(results, document),
    matched: robustnessAccuracyFigure(results, matched, document),
    attackLoss: attackLossFigures(results, document),
    angles: anglesFigure(results, document),
    directions: directionsFigure(results, document),
    transfer: matrices.map((matrix, i) => transferFigure(matrix, transferIds[i]!, document)),
    training: trainingFigures(results, document),
  };
}

/**
 * Every figure as an SVG file's text, by name without ending: `white-box-ifgsm-rms`, `black-box-ifgsm`,
 * `robustness-accuracy`, `roc`, …
 */
export function figures(results: Results, document: Document): Record<string, string> {
  const drawn = drawFigures(results, document);
  const all = [
    ...drawn.whiteBox.flatMap(({ rms, linf, l2 }) => [rms, linf, l2]),
    ...drawn.blackBox,
    ...[drawn.matched ?? []].flat(),
    ...drawn.attackLoss,
    ...[drawn.angles ?? []].flat(),
    ...[drawn.directions ?? []].flat(),
    ...drawn.transfer,
    ...drawn.training,
    ...drawn.verification,
  ];
  return Object.fromEntries(all.map((figure) => [figure.id, standalone(figure)]));
}
