/** What came out, in plain words, made from the numbers alone: it says so when there is no clear difference. */
import type { Interval } from '../../evaluation/intervals.ts';
import { counted, fixed, PIXEL_STEPS, percent, unbroken } from './format.ts';
import type { DefenceResults, Results } from './results.ts';
import {
  attackedPairs,
  baseline,
  blackBoxAttacks,
  blackBoxCurve,
  blackBoxDifference,
  overSeeds,
  whiteBoxAttacks,
  whiteBoxRatio,
  whiteBoxSummaries,
} from './summary.ts';

/** The head of a report. */
export interface Finding {
  /** One sentence, without its full stop. */
  readonly headline: string;
  /** Sentences that follow: accuracy, black-box. */
  readonly details: readonly string[];
  /** What weakens the comparison, each in a sentence. */
  readonly caveats: readonly string[];
}

/** Training accuracies further apart than this make robustness a matter of training length. */
const MATCHED = 0.02;

/** The finding of a study: the paper's method against the baseline, or the last defence if it is not there. */
export function finding(results: Results): Finding {
  const { headline, details, caveats } = found(results);
  return { headline: unbroken(headline), details: details.map(unbroken), caveats: caveats.map(unbroken) };
}

function found(results: Results): Finding {
  const base = baseline(results);
  const subject = results.defences.find((d) => d.name === 'diverse') ?? results.defences.at(-1)!;
  if (subject === base) {
    return { headline: aloneSentence(results, base), details: [], caveats: caveats(results, subject, base) };
  }
  const [headline, ...reasons] = whiteBoxSentences(results, subject, base);
  return {
    headline: headline!,
    details: [...reasons, accuracySentence(subject, base), ...blackBoxSentences(results, subject, base)],
    caveats: caveats(results, subject, base),
  };
}

/** A headline, and the numbers behind it. */
function whiteBoxSentences(results: Results, subject: DefenceResults, base: DefenceResults): string[] {
  const [one, other] = [quoted(subject), quoted(base)];
  const attack = whiteBoxAttacks(results)[0];
  if (attack === undefined) return [`${one} and ${other} were trained and verified; no attack was run`];
  const ratio = whiteBoxRatio(subject, base, attack);
  if (ratio === undefined) {
    return [
      `${one} and ${other} cannot be compared by the median perturbation`,
      'They share no attacked pairs, or one of them withstood the attack on at least half of them.',
    ];
  }
  const times = fixed(ratio.value, 2);
  const detail = `White-box, ${attack}: ratio of the median RMS perturbations ${times} (${interval(ratio, (r) => fixed(r, 2))}).`;
  const side = clearSide(ratio, 1);
  if (side > 0)
    return [
      `${one} withstands the attack better: fooling it takes ${times} times the perturbation that ${other} takes`,
      detail,
    ];
  if (side < 0)
    return [
      `${one} withstands the attack less well: fooling it takes only ${times} times the perturbation that ${other} takes`,
      detail,
    ];
  return [
    `No clear difference: fooling ${one} takes ${times} times the perturbation that ${other} takes`,
    detail,
  ];
}

function aloneSentence(results: Results, defence: DefenceResults): string {
  const accuracy = `${quoted(defence)} verifies ${percent(overSeeds(defence, (r) => r.verification.accuracy).value)} % of pairs correctly`;
  const attack = whiteBoxAttacks(results)[0];
  const summary = attack === undefined ? undefined : whiteBoxSummaries(results, attack, 1)[0];
  if (summary === undefined) return `${accuracy}; no attack was run`;
  const median = fixed(summary.median.rms.value * PIXEL_STEPS, 2);
  return `${accuracy}, and ${attack} fools it with a median perturbation of ${median}/255 RMS`;
}

function accuracySentence(subject: DefenceResults, base: DefenceResults): string {
  const of = (defence: DefenceResults) => overSeeds(defence, (r) => r.verification.accuracy).value;
  return (
    `On people it never saw, ${quoted(subject)} verifies ${percent(of(subject))} % of pairs correctly, ` +
    `${quoted(base)} ${percent(of(base))} %.`
  );
}

function blackBoxSentences(results: Results, subject: DefenceResults, base: DefenceResults): string[] {
  return blackBoxAttacks(results)
    .slice(0, 1)
    .flatMap((attack) => {
      const curves = [blackBoxCurve(subject, attack), blackBoxCurve(base, attack)] as const;
      if (curves[0] === undefined || curves[1] === undefined) return [];
      // The middle distance, fixed by the settings: choosing the one with the largest gap would flatter.
      const at = Math.floor(curves[0].length / 2);
      const distance = curves[0][at]!.at;
      const difference = blackBoxDifference(subject, base, attack, distance);
      if (difference === undefined) return [];
      const side = clearSide(difference, 0);
      const verdict = side === 0 ? 'no clear difference' : side < 0 ? 'fewer' : 'more';
      return (
        `Of examples crafted on another network to a feature distance of ${distance}, ${percent(curves[0][at]!.rate, 0)} % fool ` +
        `${quoted(subject)} and ${percent(curves[1][at]!.rate, 0)} % fool ${quoted(base)}: ${verdict} ` +
        `(difference ${percent(difference.value, 0)} points, ${interval(difference, (d) => percent(d, 0))}).`
      );
    });
}

function caveats(results: Results, subject: DefenceResults, base: DefenceResults): string[] {
  const list: string[] = [];
  const seeds = Math.min(subject.runs.length, base.runs.length);
  if (seeds < 2) list.push('One seed: intervals are over pairs and say nothing about another training run.');
  const trained = (defence: DefenceResults) => overSeeds(defence, (r) => r.training.finalAccuracy).value;
  if (Math.abs(trained(subject) - trained(base)) > MATCHED) {
    list.push(
      `Not matched: ${quoted(subject)} ends training at ${percent(trained(subject))} % accuracy, ${quoted(base)} at ` +
        `${percent(trained(base))} %. Less training alone makes a network look more robust.`,
    );
  }
  const attacked = attackedPairs(subject)[0]?.length ?? 0;
  if (attacked > 0 && attacked < 50)
    list.push(`Only ${counted(attacked, 'pair')} attacked: differences must be large to show.`);
  if (results.data.train.synthetic || results.data.test.synthetic) {
    list.push(
      'Drawn faces, not photographs: the numbers show the method at work, not what it is worth on people.',
    );
  }
  return list;
}

/** Names of defences are words of the language: in quotes they read as names. */
function quoted(defence: DefenceResults): string {
  return `“${defence.name}”`;
}

/** 1 or −1 when the whole interval lies above or below `neutral`; 0 when it does not, or has no bounds. */
function clearSide(of: Interval, neutral: number): -1 | 0 | 1 {
  if (of.low > neutral) return 1;
  if (of.high < neutral) return -1;
  return 0;
}

function interval(of: Interval, write: (value: number) => string): string {
  if (Number.isNaN(of.low) || Number.isNaN(of.high)) return 'one comparison, no interval';
  return `95 % interval ${write(of.low)} to ${write(of.high)}`;
}
