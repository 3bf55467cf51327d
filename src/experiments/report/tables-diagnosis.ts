/** Tables of how members lie to each other, and of whose examples fool whom. */
import { diagnosisSummaries, type TransferMatrix } from './diagnosis.ts';
import { counted, fixed } from './format.ts';
import type { Results } from './results.ts';
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
