/** Tables of how well defences know people apart. */
import { counted, falseAcceptRate, fixed, listed, PIXEL_STEPS, percent } from './format.ts';
import type { DefenceResults, MatchingRuleName, Results } from './results.ts';
import { overSeeds, overSeedsIfAll, seedCount } from './summary.ts';
import type { Cell, Column, Table } from './table.ts';
import { type AttackGroup, attackedPairs, medianOf, singleAttacks, whiteBoxCurve } from './white-box.ts';

/** The first column of most tables. */
export const DEFENCE: Column = { key: 'defence', header: 'defence', words: true };
/** Sizes in [0, 1] pixels as steps of an 8-bit image. */
export const inSteps = (decimals: number) => (size: number) => fixed(size * PIXEL_STEPS, decimals);
export const rates = (rate: number) => percent(rate);
export const whole = (n: number) => n.toLocaleString('en-US');

/** Accuracy of every defence, the threshold that attacks must pass, and how alike its members see. */
export function verificationTable(results: Results): Table {
  const seeds = seedCount(results);
  const points = results.defences.flatMap((d) => d.runs.flatMap((r) => r.verification.tarAtFar));
  const asked = results.defences[0]!.runs[0]!.verification.tarAtFar.map((p) => p.far);
  const fars = asked.filter((far) => points.some((p) => p.far === far && p.resolved));
  const unresolved = asked.filter((far) => !fars.includes(far)).map(falseAcceptRate);
  const { threshold, verification } = results.defences[0]!.runs[0]!;
  const trained = results.defences.some((d) => d.runs.some((r) => r.training !== null));
  const flipSum = results.defences.some((d) => d.runs.some((r) => r.flipSum !== null));
  return {
    id: 'verification',
    title: 'Verification',
    note:
      `${counted(verification.pairs, 'pair')} ${trained ? `of people that training never saw (${results.data.test.name})` : `of ${results.data.test.name}`}. Accuracy: mean over ${verification.folds} folds, threshold chosen on the others, ` +
      `${seeds > 1 ? `mean over ${seeds} seeds [95 % interval over seeds]` : '± standard deviation over folds'}. ` +
      (flipSum ? 'Flip-sum: the same with the features of each image and of its mirror image added. ' : '') +
      `Threshold: the smallest with a false accept rate of at most ${falseAcceptRate(threshold.far)} over ` +
      `${counted(threshold.impostors, 'pair')} of different people; attacks must pass it. ` +
      'TAR: true accept rate at that false accept rate' +
      `${unresolved.length === 0 ? '' : `; too few pairs to tell at ${listed(unresolved)}`}. ` +
      'Member cosine: how alike the members’ features are, 1 for copies.',
    columns: [
      DEFENCE,
      ...(trained ? [{ key: 'train_accuracy', header: 'training accuracy', unit: '%', write: rates }] : []),
      { key: 'accuracy', header: 'accuracy', unit: '%', write: rates },
      ...(flipSum ? [{ key: 'flip_sum', header: 'flip-sum accuracy', unit: '%', write: rates }] : []),
      { key: 'eer', header: 'EER', unit: '%', write: rates },
      { key: 'auc', header: 'AUC', write: (auc) => fixed(auc, 3) },
      ...fars.map((far) => ({
        key: `tar_at_far_${far}`,
        header: `TAR at ${falseAcceptRate(far)}`,
        unit: '%',
        write: rates,
      })),
      { key: 'threshold', header: 'threshold', write: (t: number) => fixed(t, 3) },
      { key: 'member_cosine', header: 'member cosine', write: (c: number) => fixed(c, 2) },
    ],
    rows: results.defences.map((defence): Cell[] => [
      defence.name,
      ...(trained ? [overSeedsIfAll(defence, (r) => r.training?.finalAccuracy)] : []),
      withDeviation(defence, (r) => r.verification),
      ...(flipSum ? [withDeviation(defence, (r) => r.flipSum)] : []),
      overSeeds(defence, (r) => r.verification.eer),
      overSeeds(defence, (r) => r.verification.auc),
      ...fars.map((far) =>
        overSeedsIfAll(defence, (r) => {
          const point = r.verification.tarAtFar.find((p) => p.far === far);
          return point?.resolved ? point.tar : undefined;
        }),
      ),
      overSeeds(defence, (r) => r.threshold.value),
      overSeedsIfAll(defence, (r) => r.memberCosine),
    ]),
  };
}

/** An accuracy: of one seed with its deviation over folds, of several with its interval over seeds. */
function withDeviation(
  defence: DefenceResults,
  measure: (
    run: DefenceResults['runs'][number],
  ) => { accuracy: number; deviation: number } | null | undefined,
): Cell {
  const all = defence.runs.flatMap((run) => measure(run) ?? []);
  const [only] = all;
  if (only === undefined || all.length < defence.runs.length) return undefined;
  if (all.length === 1) return { value: only.accuracy, deviation: only.deviation };
  return overSeedsIfAll(defence, (run) => measure(run)?.accuracy);
}

/**
 * Accuracy by each matching rule at its own threshold, and robustness where an attack was made by several;
 * undefined when every defence was judged by one rule.
 */
export function rulesTable(results: Results): Table | undefined {
  if (!results.defences.some((d) => rulesOf(d).length > 1)) return undefined;
  const attacks = singleAttacks(results).filter(({ attacks: [attack] }) =>
    results.defences.some((d) =>
      d.runs.some((run) => run.whiteBox.filter((entry) => entry.attack === attack).length > 1),
    ),
  );
  return {
    id: 'matching-rules',
    title: 'Accuracy and robustness by matching rule',
    note:
      'How an ensemble’s similarity is made of its members’ cosines: their mean, the smallest, or the cosine of the ' +
      'joined features. Each rule at its own threshold, found as in the table of verification; a single network is the same ' +
      `by every rule. The study’s rule is ${results.matching}.` +
      (attacks.length === 0 ? '' : ' Medians: the smallest RMS perturbation that succeeded under that rule.'),
    columns: [
      DEFENCE,
      { key: 'rule', header: 'rule', words: true },
      { key: 'accuracy', header: 'accuracy', unit: '%', write: rates },
      { key: 'eer', header: 'EER', unit: '%', write: rates },
      { key: 'threshold', header: 'threshold', write: (t) => fixed(t, 3) },
      ...attacks.flatMap(({ id, label }) => [
        { key: `success_${id}`, header: `${label} success`, unit: '%', write: rates },
        { key: `median_rms_${id}`, header: `${label} median RMS`, unit: '1/255', write: inSteps(2) },
      ]),
    ],
    rows: results.defences.flatMap((defence) => {
      const rules = rulesOf(defence);
      const alone = defence.runs.every((run) => run.memberCosine === null);
      return (alone ? rules.slice(0, 1) : rules).map((rule): Cell[] => {
        const entry = (run: DefenceResults['runs'][number]) => run.rules.find((r) => r.rule === rule);
        return [
          defence.name,
          alone ? 'any' : rule,
          withDeviation(defence, entry),
          overSeedsIfAll(defence, (run) => entry(run)?.eer),
          overSeedsIfAll(defence, (run) => entry(run)?.threshold.value),
          ...attacks.flatMap((group) => robustness(results, defence, group, rule)),
        ];
      });
    }),
    detail: true,
  };
}

function rulesOf(defence: DefenceResults): MatchingRuleName[] {
  return [...new Set(defence.runs.flatMap((run) => run.rules.map((r) => r.rule)))];
}

/** Success and median RMS of one attack under one rule. */
function robustness(
  results: Results,
  defence: DefenceResults,
  group: AttackGroup,
  rule: MatchingRuleName,
): [Cell, Cell] {
  const success = whiteBoxCurve(results, defence, group, 'rms', [Number.MAX_VALUE], rule)?.[0];
  if (success === undefined) return [undefined, undefined];
  const { rate, low, high } = success;
  return [{ value: rate, low, high }, medianOf(attackedPairs(results, defence, group, rule), 'rms')];
}
