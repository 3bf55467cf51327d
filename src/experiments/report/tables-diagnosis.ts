/** Tables of how members lie to each other, and of whose examples fool whom. */
import { diagnosisSummaries, type TransferMatrix } from './diagnosis.ts';
import { counted, fixed } from './format.ts';
import type { Results, Slopes } from './results.ts';
import { overSeedsIfAll } from './summary.ts';
import type { Cell, Table } from './table.ts';
import { DEFENCE, rates } from './tables-verification.ts';

const degrees = (angle: number) => fixed(angle, 1);

/** Angles and volumes per defence; undefined when none was diagnosed. */
export function diagnosisTable(results: Results): Table | undefined {
  const summaries = diagnosisSummaries(results);
  const [first] = summaries;
  if (first === undefined) return undefined;
  return {
    id: 'diagnosis',
    title: 'How members lie to each other',
    note:
      `Means over ${counted(first.images, 'training image')}. Angles of a member’s features with the weight vector of the right ` +
      'identity: its own, and other members’ (the same vector where they are shared); between two members’ features of one ' +
      'image, 0° where they agree and 90° where they have nothing in common. Volume: what the members’ unit features span, 1 at right angles.',
    columns: [
      DEFENCE,
      { key: 'own_weights', header: 'to own weight vector', unit: '°', write: degrees },
      { key: 'other_weights', header: 'to others’ weight vectors', unit: '°', write: degrees },
      { key: 'between_members', header: 'between members', unit: '°', write: degrees },
      { key: 'volume', header: 'volume', write: (v) => fixed(v, 3) },
    ],
    rows: summaries.map((s): Cell[] => [s.defence.name, s.own, s.others, s.between, s.volume]),
    detail: true,
  };
}

/** What an attack meets at its first step, per defence; undefined where it was measured for none. */
export function slopesTable(results: Results): Table | undefined {
  const measured = results.defences.filter(({ runs }) => runs.every(({ slopes }) => slopes !== null));
  if (measured.length === 0) return undefined;
  return {
    id: 'slopes',
    title: 'What a white-box attack meets at its first step',
    note:
      'Means over the pairs that the defence does not accept as they are. Gap: from the similarity (mean of the members’ cosines) up to the ' +
      'threshold. Slope: length of the gradient of a member’s cosine, and of the similarity, by pixels in [0, 1]; what members whose ' +
      'gradients point elsewhere take from one another is the difference. Cosine: between two members’ gradients. First order: the median ' +
      'L2 norm that would do if the slope stayed as it is, gap/slope; attacks bend around, so they need less or more.',
    columns: [
      DEFENCE,
      { key: 'pairs', header: 'pairs', write: (n) => fixed(n, 0) },
      { key: 'gap', header: 'gap', write: (v) => fixed(v, 3) },
      { key: 'member_slope', header: 'slope of a member', write: (v) => fixed(v, 3) },
      { key: 'gradient_cosine', header: 'cosine of gradients', write: (v) => fixed(v, 2) },
      { key: 'joint_slope', header: 'slope of all', write: (v) => fixed(v, 3) },
      { key: 'first_order_l2', header: 'first order L2', unit: '[0, 1]', write: (v) => fixed(v, 2) },
    ],
    rows: measured.map((defence): Cell[] => {
      const mean = (of: (slopes: Slopes) => number | null) =>
        overSeedsIfAll(defence, ({ slopes }) => slopes && of(slopes));
      return [
        defence.name,
        mean((s) => s.pairs),
        mean((s) => s.gap),
        mean((s) => s.member),
        mean((s) => s.cosine),
        mean((s) => s.joint),
        mean((s) => s.firstOrder),
      ];
    }),
    detail: true,
  };
}

/** Share of each defence's white-box examples that each defence accepts. */
export function transferTable(matrix: TransferMatrix, id: string): Table {
  return {
    id: `transfer-${id}`,
    title: `Transfer between defences: ${matrix.attack}`,
    note:
      'Share in % of the white-box examples crafted on the row’s defence that the column’s defence accepts (accepted/shown). ' +
      'Shown are those that succeeded where they were crafted.',
    columns: [
      { key: 'crafted_on', header: 'crafted on', words: true },
      ...matrix.defences.map((to) => ({
        key: `accepted_by_${to}`,
        header: `by ${to}`,
        unit: '%',
        write: rates,
      })),
    ],
    rows: matrix.cells.map((row, from): Cell[] => [
      matrix.defences[from]!,
      ...row.map(({ accepted, shown }) =>
        shown === 0 ? undefined : { value: accepted / shown, count: accepted, of: shown },
      ),
    ]),
    detail: true,
  };
}
