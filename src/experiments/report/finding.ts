/** What came out, in plain words, made from the numbers alone: it says so when there is no clear difference. */
import { blackBoxDifference, blackBoxMean } from './black-box.ts';
import { type Claim, claims, clearSide, intervalText, quoted } from './claims.ts';
import { counted, fixed, PIXEL_STEPS, percent, unbroken } from './format.ts';
import { type Matched, matchedAccuracy, matchedRow, pointRatio } from './matched.ts';
import type { DefenceResults, Results } from './results.ts';
import { baseline, named, overSeeds, overSeedsIfAll, seedCount } from './summary.ts';
import { attackedPairs, mainAttacks, medianOf, singleAttacks, whiteBoxRatio } from './white-box.ts';

/** The head of a report. */
export interface Finding {
  /** One sentence, without its full stop. */
  readonly headline: string;
  /** Sentences that follow, which make one paragraph: white-box, matched, accuracy, black-box. */
  readonly details: readonly string[];
  /** The paper's claims, as far as they can be answered. */
  readonly claims: readonly Claim[];
  /** What weakens the comparison, each in a sentence. */
  readonly caveats: readonly string[];
}

/** Training accuracies further apart than this make robustness a matter of training length. */
const MATCHED = 0.02;
/** Verification accuracies further apart than this are not matched. */
const OFF = 0.01;

/** The finding of a study: the paper's method against the baseline, or the last defence if it is not there. */
export function finding(results: Results, matched: Matched | undefined = matchedAccuracy(results)): Finding {
  const { headline, details } = found(results, matched);
  return {
    headline: unbroken(headline),
    details: details.map(unbroken),
    claims: claims(results, matched).map(({ question, answers }) => ({
      question,
      answers: answers.map((answer) => ({ ...answer, words: unbroken(answer.words) })),
    })),
    caveats: caveats(results, matched).map(unbroken),
  };
}

function found(results: Results, matched: Matched | undefined): { headline: string; details: string[] } {
  const base = baseline(results);
  const subject = subjectOf(results);
  if (subject === base) return { headline: aloneSentence(results, base), details: [] };
  const [headline, ...reasons] = whiteBoxSentences(results, matched, subject, base);
  return {
    headline: headline!,
    details: [...reasons, accuracySentence(subject, base), ...blackBoxSentences(results, subject, base)],
  };
}

function subjectOf(results: Results): DefenceResults {
  return named(results, 'diverse') ?? results.defences.at(-1)!;
}

/** A headline, and the numbers behind it. */
function whiteBoxSentences(
  results: Results,
  matched: Matched | undefined,
  subject: DefenceResults,
  base: DefenceResults,
): string[] {
  const [one, other] = [quoted(subject), quoted(base)];
  const group = mainAttacks(results);
  if (group === undefined) return [`${one} and ${other} were trained and verified; no attack was run`];
  const ratio = whiteBoxRatio(results, subject, base, group);
  if (ratio === undefined) {
    return [
      `${one} and ${other} cannot be compared by the median perturbation`,
      'They share no attacked pairs, or one of them withstood the attack on at least half of them.',
    ];
  }
  const times = fixed(ratio.value, 2);
  const detail = `White-box, ${group.label}: ratio of the median RMS perturbations ${times} (${intervalText(ratio, (r) => fixed(r, 2))}).`;
  const side = clearSide(ratio, 1);
  const again = matchedSentence(results, matched, subject, base, side);
  const rest = [detail, ...again.sentences];
  if (side > 0) {
    return [
      `${one} withstands the attack better: fooling it takes ${times} times the perturbation that ${other} takes${again.but}`,
      ...rest,
    ];
  }
  if (side < 0) {
    return [
      `${one} withstands the attack less well: fooling it takes only ${times} times the perturbation that ${other} takes${again.but}`,
      ...rest,
    ];
  }
  return [
    `No clear difference: fooling ${one} takes ${times} times the perturbation that ${other} takes`,
    ...rest,
  ];
}

/** The same at matched accuracy, and what it takes back from the headline. */
function matchedSentence(
  results: Results,
  matched: Matched | undefined,
  subject: DefenceResults,
  base: DefenceResults,
  side: -1 | 0 | 1,
): { sentences: string[]; but: string } {
  const [a, b] = [matchedRow(results, matched, subject.name), matchedRow(results, matched, base.name)];
  const ratio = a === undefined || b === undefined ? undefined : pointRatio(a.chosen, b.chosen);
  if (matched === undefined || ratio === undefined) return { sentences: [], but: '' };
  const there = clearSide(ratio, 1);
  const verdict = there > 0 ? 'more' : there < 0 ? 'less' : 'no clear difference';
  return {
    sentences: [
      `At matched accuracy, near ${percent(matched.accuracy.value)} %: ${fixed(ratio.value, 2)} ` +
        `(${intervalText(ratio, (r) => fixed(r, 2))}), ${verdict}.`,
    ],
    but:
      there === side
        ? ''
        : there === 0
          ? ', but at matched accuracy there is no clear difference'
          : `, but ${verdict} at matched accuracy`,
  };
}

function aloneSentence(results: Results, defence: DefenceResults): string {
  const accuracy = `${quoted(defence)} verifies ${percent(overSeeds(defence, (r) => r.verification.accuracy).value)} % of pairs correctly`;
  const group = mainAttacks(results);
  const perSeed = group === undefined ? [] : attackedPairs(results, defence, group);
  if (group === undefined || perSeed.length === 0) return `${accuracy}; no attack was run`;
  const median = fixed(medianOf(perSeed, 'rms').value * PIXEL_STEPS, 2);
  const strongest = group.attacks.length > 1 ? `the ${group.label}` : group.label;
  return `${accuracy}, and ${strongest} fools it with a median perturbation of ${median}/255 RMS`;
}

function accuracySentence(subject: DefenceResults, base: DefenceResults): string {
  const of = (defence: DefenceResults) => overSeeds(defence, (r) => r.verification.accuracy).value;
  return (
    `On people it never saw, ${quoted(subject)} verifies ${percent(of(subject))} % of pairs correctly, ` +
    `${quoted(base)} ${percent(of(base))} %.`
  );
}

function blackBoxSentences(results: Results, subject: DefenceResults, base: DefenceResults): string[] {
  const difference = blackBoxDifference(results, subject, base);
  const [a, b] = [blackBoxMean(results, subject), blackBoxMean(results, base)];
  if (difference === undefined || a === undefined || b === undefined) return [];
  const side = clearSide(difference, 0);
  const verdict = side === 0 ? 'no clear difference' : side < 0 ? 'fewer' : 'more';
  return [
    `Of examples crafted on another network ${percent(a)} % fool ${quoted(subject)} and ${percent(b)} % fool ${quoted(base)}, ` +
      `on average over the feature distances: ${verdict}.`,
  ];
}

function caveats(results: Results, matched: Matched | undefined): string[] {
  const [subject, base] = [subjectOf(results), baseline(results)];
  const list: string[] = [];
  const seeds = Math.min(subject.runs.length, base.runs.length);
  if (seeds < 2) list.push('One seed: intervals are over pairs and say nothing about another training run.');
  else if (seeds < 4) {
    list.push(
      `${seedCount(results)} seeds: intervals over so few are wide, and a difference must be large to show.`,
    );
  }
  const [one, other] = [subject, base].map(
    (defence) => overSeedsIfAll(defence, (r) => r.training?.finalAccuracy)?.value,
  );
  if (one !== undefined && other !== undefined && Math.abs(one - other) > MATCHED) {
    list.push(
      `Not matched at the end: ${quoted(subject)} ends training at ${percent(one)} % accuracy, ${quoted(base)} at ` +
        `${percent(other)} %. Less training alone makes a network look more robust` +
        `${matched === undefined ? '.' : '; compare at matched accuracy.'}`,
    );
  }
  if (matched !== undefined && matched.furthest > OFF) {
    list.push(
      `Roughly matched: a network kept along training is up to ${percent(matched.furthest)} points from the accuracy that all ` +
        'are compared at. More of them, closer together, would match better.',
    );
  }
  const [group] = singleAttacks(results);
  const attacked = group === undefined ? 0 : (attackedPairs(results, subject, group)[0]?.length ?? 0);
  if (attacked > 0 && attacked < 50)
    list.push(`Only ${counted(attacked, 'pair')} attacked: differences must be large to show.`);
  if (results.data.train?.synthetic || results.data.test.synthetic) {
    list.push(
      'Drawn faces, not photographs: the numbers show the method at work, not what it is worth on people.',
    );
  }
  return list;
}
