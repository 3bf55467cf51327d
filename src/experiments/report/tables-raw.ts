/** Every single measurement, for those who want to compute on: one CSV file each. */
import type { Results } from './results.ts';
import { pairName } from './summary.ts';
import type { Cell, Table } from './table.ts';

/** Pairs, training and snapshot points, ROC points, angles, attack curves; those without a row are left out. */
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
  const tables = [
    raw(
      'white-box-pairs',
      ['defence', 'seed', 'attack', 'rule', 'source', 'target', 'success', 'iterations', 'l2', 'linf', 'rms'],
      runs.flatMap(({ defence, run }) =>
        run.whiteBox.flatMap((w) =>
          w.pairs.map((p): Cell[] => [
            ...[defence, run.seed, w.attack, w.rule, p.source, p.target],
            ...[Number(p.success), p.iterations, p.l2, p.linf, p.rms],
          ]),
        ),
      ),
    ),
    raw(
      'black-box-pairs',
      ['defence', 'seed', 'attack', 'surrogate', 'surrogate_seed', 'pair', 'distance', 'reached', 'success'],
      runs.flatMap(({ defence, run }) =>
        run.blackBox.flatMap((b) =>
          b.pairs.flatMap((p) =>
            b.distances.map((distance, d): Cell[] => {
              const success = p.success[d] ?? null;
              const head = [defence, run.seed, b.attack, b.surrogate.name, b.surrogate.seed, pairName(p)];
              return [
                ...head,
                distance,
                Number(success !== null),
                success === null ? undefined : Number(success),
              ];
            }),
          ),
        ),
      ),
    ),
    raw(
      'left-out-pairs',
      ['seed', 'source', 'target', 'accepted_by'],
      results.leftOut.map((p): Cell[] => [p.seed, p.source, p.target, p.acceptedBy.join(' ')]),
    ),
    raw(
      'snapshots',
      ['defence', 'seed', 'epoch', 'step', 'training_accuracy', 'accuracy', 'deviation', 'threshold'].concat([
        'member_cosine',
        'attack',
        'source',
        'target',
        'success',
        'l2',
        'linf',
        'rms',
      ]),
      runs.flatMap(({ defence, run }) =>
        run.snapshots.flatMap((s) =>
          s.whiteBox.pairs.map((p): Cell[] => [
            ...[defence, run.seed, s.epoch, s.step, s.trainingAccuracy, s.accuracy, s.deviation],
            ...[s.threshold.value, s.memberCosine ?? undefined, s.whiteBox.attack, p.source, p.target],
            ...[Number(p.success), p.l2, p.linf, p.rms],
          ]),
        ),
      ),
    ),
    raw(
      'training',
      ['defence', 'seed', 'step', 'epoch', 'loss', 'accuracy'],
      runs.flatMap(({ defence, run }) =>
        (run.training?.points ?? []).map((p): Cell[] => [
          defence,
          run.seed,
          p.step,
          p.epoch,
          p.loss,
          p.accuracy,
        ]),
      ),
    ),
    raw(
      'roc',
      ['defence', 'seed', 'far', 'tar'],
      runs.flatMap(({ defence, run }) =>
        run.verification.roc.map((p): Cell[] => [defence, run.seed, p.far, p.tar]),
      ),
    ),
    raw(
      'angles',
      ['defence', 'seed', 'between', 'i', 'j', 'degrees'],
      runs.flatMap(({ defence, run }) =>
        run.diagnosis === null
          ? []
          : (['featureToWeight', 'featureToFeature'] as const).flatMap((between) =>
              run.diagnosis![between].flatMap((row, i) =>
                row.map((angle, j): Cell[] => [defence, run.seed, between, i, j, angle]),
              ),
            ),
      ),
    ),
    raw(
      'attack-curves',
      ['defence', 'seed', 'attack', 'rule', 'step', 'distance'],
      runs.flatMap(({ defence, run }) =>
        run.whiteBox.flatMap((w) =>
          (w.curve ?? []).map((distance, step): Cell[] => [
            ...[defence, run.seed, w.attack, w.rule, step, distance],
          ]),
        ),
      ),
    ),
  ];
  return tables.filter((table) => table.rows.length > 0);
}
