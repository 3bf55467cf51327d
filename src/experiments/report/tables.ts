/** The study's tables: what they say for people, and every single pair for those who want to compute on. */
import { counted, falseAcceptRate, fileName, fixed, PIXEL_STEPS, percent } from './format.ts';
import type { Results } from './results.ts';
import {
  baseline,
  blackBoxAttacks,
  blackBoxCurve,
  blackBoxRuns,
  overSeeds,
  pairName,
  sizeRange,
  transferred,
  whiteBoxAttacks,
  whiteBoxSummaries,
} from './summary.ts';
import type { Cell, Column, Table } from './table.ts';

const DEFENCE: Column = { key: 'defence', header: 'defence', words: true };
const inSteps = (decimals: number) => (size: number) => fixed(size * PIXEL_STEPS, decimals);
const rates = (rate: number) => percent(rate);
const whole = (n: number) => n.toLocaleString('en-US');

/** The tables a reader sees, in order. */
export function mainTables(results: Results): Table[] {
  return [
    verificationTable(results),
    ...whiteBoxAttacks(results).map((attack) => whiteBoxTable(results, attack)),
    ...blackBoxAttacks(results).map((attack) => blackBoxTable(results, attack)),
  ];
}

/** Accuracy of every defence, the threshold that attacks must pass, and how alike its members see. */
export function verificationTable(results: Results): Table {
  const seeds = Math.max(...results.defences.map((d) => d.runs.length));
  const points = results.defences.flatMap((d) => d.runs.flatMap((r) => r.verification.tarAtFar));
  const asked = results.defences[0]!.runs[0]!.verification.tarAtFar.map((p) => p.far);
  const fars = asked.filter((far) => points.some((p) => p.far === far && p.resolved));
  const unresolved = asked.filter((far) => !fars.includes(far)).map(falseAcceptRate);
  const threshold = results.defences[0]!.runs[0]!.threshold;
  return {
    id: 'verification',
    title: 'Verification',
    note:
      `${counted(results.defences[0]!.runs[0]!.verification.pairs, 'pair')} of people that training never saw ` +
      `(${results.data.test.name}). Accuracy: mean over folds, threshold chosen on the others, ` +
      `${seeds > 1 ? `mean over ${seeds} seeds [95 % interval over seeds]` : '± standard deviation over folds'}. ` +
      `Threshold: the smallest with a false accept rate of at most ${falseAcceptRate(threshold.far)} over ` +
      `${counted(threshold.impostors, 'pair')} of different people; attacks must pass it. ` +
      'TAR: true accept rate at that false accept rate' +
      `${unresolved.length === 0 ? '' : `; too few pairs to tell at ${unresolved.join(' and ')}`}. ` +
      'Member cosine: how alike the members’ features are, 1 for copies.',
    columns: [
      DEFENCE,
      { key: 'train_accuracy', header: 'training accuracy', unit: '%', write: rates },
      { key: 'accuracy', header: 'accuracy', unit: '%', write: rates },
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
    rows: results.defences.map((defence): Cell[] => {
      const { runs } = defence;
      const accuracy = overSeeds(defence, (r) => r.verification.accuracy);
      return [
        defence.name,
        overSeeds(defence, (r) => r.training.finalAccuracy),
        runs.length > 1 ? accuracy : { value: accuracy.value, deviation: runs[0]!.verification.deviation },
        overSeeds(defence, (r) => r.verification.eer),
        overSeeds(defence, (r) => r.verification.auc),
        ...fars.map((far) => {
          const points = runs.map((r) => r.verification.tarAtFar.find((p) => p.far === far));
          if (points.some((p) => p === undefined || !p.resolved)) return undefined;
          return overSeeds(defence, (r) => r.verification.tarAtFar.find((p) => p.far === far)!.tar);
        }),
        overSeeds(defence, (r) => r.threshold.value),
        runs.some((r) => r.memberCosine === null) ? undefined : overSeeds(defence, (r) => r.memberCosine!),
      ];
    }),
  };
}

/** One white-box attack on every defence. */
export function whiteBoxTable(results: Results, attack: string): Table {
  const range = sizeRange(results, attack, 'rms');
  const base = baseline(results).name;
  const seeds = Math.max(...results.defences.map((d) => d.runs.length));
  return {
    id: `white-box-${fileName(attack)}`,
    title: `White-box attack: ${attack}`,
    note:
      'Each defence attacked with full knowledge of it, at its own threshold. Medians over pairs of the smallest ' +
      'perturbation that succeeded, ∞ for a pair that never gave way; ' +
      `[95 % interval ${seeds > 1 ? 'over seeds' : 'over pairs'}]. Larger is more robust. ` +
      `Area: mean success rate over RMS from 0 to ${inSteps(1)(range)}/255; smaller is more robust. ` +
      `Ratio: median RMS over that of ${base}, on the same pairs.`,
    columns: [
      DEFENCE,
      { key: 'pairs', header: 'pairs', write: whole },
      { key: 'success', header: 'success', unit: '%', write: rates },
      { key: 'median_rms', header: 'median RMS', unit: '1/255', write: inSteps(2) },
      { key: 'median_linf', header: 'median L∞', unit: '1/255', write: inSteps(2) },
      { key: 'median_l2', header: 'median L2', unit: '[0, 1]', write: (l2) => fixed(l2, 2) },
      { key: 'area', header: 'area', unit: '%', write: rates },
      { key: 'rms_ratio', header: `ratio to ${base}`, write: (ratio) => fixed(ratio, 2) },
    ],
    rows: whiteBoxSummaries(results, attack, range).map((s) => [
      s.defence,
      s.pairs,
      { value: s.success.rate, low: s.success.low, high: s.success.high },
      s.median.rms,
      s.median.linf,
      s.median.l2,
      s.area,
      s.ratio,
    ]),
  };
}

/** One black-box attack: success on every defence per feature distance, and how many pairs came so near. */
export function blackBoxTable(results: Results, attack: string): Table {
  const runs = results.defences.flatMap((d) => blackBoxRuns(d, attack));
  const [first] = runs;
  if (first === undefined)
    throw new RangeError(`blackBoxTable: no run of attack "${attack}" in these results`);
  const missed = neverReached(results, attack);
  return {
    id: `black-box-${fileName(attack)}`,
    title: `Black-box attack: ${attack}`,
    note:
      `Success in % of all pairs [95 % interval], of examples crafted on ${first.surrogate.name} until their features came ` +
      `as near to the target’s as the column says (${first.distanceMeasure}). Smaller is more robust. ` +
      (missed.length === 0
        ? 'Every pair reached every distance.'
        : `An example that never came so near counts as a failure: ${missed
            .map((m) => `${counted(m.pairs.length, 'pair')} at ${m.distance}`)
            .join(', ')}.`),
    columns: [
      DEFENCE,
      { key: 'pairs', header: 'pairs', write: whole },
      ...first.distances.map((d) => ({ key: `success_at_${d}`, header: `at ${d}`, unit: '%', write: rates })),
    ],
    rows: results.defences.flatMap((defence) => {
      const curve = blackBoxCurve(defence, attack);
      if (curve === undefined) return [];
      const pairs = blackBoxRuns(defence, attack).reduce((sum, run) => sum + run.pairs.length, 0);
      return [[defence.name, pairs, ...curve.map((p) => ({ value: p.rate, low: p.low, high: p.high }))]];
    }),
  };
}

/** Per distance, the pairs that the surrogate never brought so near, in any run; distances that all reached are left out. */
export function neverReached(results: Results, attack: string): { distance: number; pairs: string[] }[] {
  const perDistance = new Map<number, Set<string>>();
  for (const run of results.defences.flatMap((d) => blackBoxRuns(d, attack))) {
    for (const point of transferred(run)) {
      if (point.neverReached.length === 0) continue;
      const names = perDistance.get(point.distance) ?? new Set();
      for (const name of point.neverReached) names.add(name);
      perDistance.set(point.distance, names);
    }
  }
  return [...perDistance].map(([distance, names]) => ({ distance, pairs: [...names] }));
}

/** Every single measurement, for CSV: pairs, training points, ROC points. */
export function rawTables(results: Results): Table[] {
  const runs = results.defences.flatMap((defence) =>
    defence.runs.map((run) => ({ defence: defence.name, run })),
  );
  const raw = (id: string, keys: string[], rows: Cell[][]): Table => ({
    id,
    title: id,
    note: '',
    columns: keys.map((key) => ({ key, header: key })),
    rows,
  });
  return [
    raw(
      'white-box-pairs',
      ['defence', 'seed', 'attack', 'source', 'target', 'success', 'iterations', 'l2', 'linf', 'rms'],
      runs.flatMap(({ defence, run }) =>
        run.whiteBox.flatMap((w) =>
          w.pairs.map((p): Cell[] => [
            ...[defence, run.seed, w.attack, p.source, p.target],
            ...[Number(p.success), p.iterations, p.l2, p.linf, p.rms],
          ]),
        ),
      ),
    ),
    raw(
      'black-box-pairs',
      ['defence', 'seed', 'attack', 'surrogate', 'pair', 'distance', 'reached', 'success'],
      runs.flatMap(({ defence, run }) =>
        run.blackBox.flatMap((b) =>
          b.pairs.flatMap((p) =>
            b.distances.map((distance, d): Cell[] => {
              const success = p.success[d] ?? null;
              const head = [defence, run.seed, b.attack, b.surrogate.name, pairName(p), distance];
              return [...head, Number(success !== null), success === null ? undefined : Number(success)];
            }),
          ),
        ),
      ),
    ),
    raw(
      'training',
      ['defence', 'seed', 'step', 'epoch', 'loss', 'accuracy'],
      runs.flatMap(({ defence, run }) =>
        run.training.points.map((p): Cell[] => [defence, run.seed, p.step, p.epoch, p.loss, p.accuracy]),
      ),
    ),
    raw(
      'roc',
      ['defence', 'seed', 'far', 'tar'],
      runs.flatMap(({ defence, run }) =>
        run.verification.roc.map((p): Cell[] => [defence, run.seed, p.far, p.tar]),
      ),
    ),
  ];
}
