/** The study's tables: what they say for people, and every single pair for those who want to compute on. */
import { blackBoxAttacks } from './black-box.ts';
import { transferMatrices } from './diagnosis.ts';
import { type Matched, matchedAccuracy } from './matched.ts';
import type { Results } from './results.ts';
import { uniqueFileNames } from './summary.ts';
import type { Table } from './table.ts';
import { blackBoxTable, leftOutTable, whiteBoxTable } from './tables-attacks.ts';
import { ablationTable, effectsTable, matchedTable } from './tables-comparison.ts';
import { diagnosisTable, slopesTable, transferTable } from './tables-diagnosis.ts';
import { rulesTable, verificationTable } from './tables-verification.ts';
import { pooledAttacks, singleAttacks } from './white-box.ts';

/** Every table, by what it is about; lists and fields are empty where there is nothing to show. */
export interface Tables {
  readonly verification: Table;
  readonly rules: Table | undefined;
  /** All attacks together, where there are several. */
  readonly pooled: Table | undefined;
  /** Each attack by itself. */
  readonly whiteBox: readonly Table[];
  readonly blackBox: readonly Table[];
  readonly matched: Table | undefined;
  readonly ablation: Table | undefined;
  readonly effects: Table | undefined;
  readonly diagnosis: Table | undefined;
  readonly slopes: Table | undefined;
  readonly transfer: readonly Table[];
  readonly leftOut: Table | undefined;
}

/** Makes every table that the results hold numbers for. */
export function makeTables(
  results: Results,
  matched: Matched | undefined = matchedAccuracy(results),
): Tables {
  const pooled = pooledAttacks(results);
  const matrices = transferMatrices(results);
  const transferIds = uniqueFileNames(matrices.map((m) => m.attack));
  return {
    verification: verificationTable(results),
    rules: rulesTable(results),
    pooled: pooled && whiteBoxTable(results, pooled),
    whiteBox: singleAttacks(results).map((group) => whiteBoxTable(results, group)),
    blackBox: blackBoxAttacks(results).flatMap((attack) => blackBoxTable(results, attack) ?? []),
    matched: matched && matchedTable(matched),
    ablation: ablationTable(results, matched),
    effects: effectsTable(results, matched),
    diagnosis: diagnosisTable(results),
    slopes: slopesTable(results),
    transfer: matrices.map((matrix, i) => transferTable(matrix, transferIds[i]!)),
    leftOut: leftOutTable(results),
  };
}

/** The same as a list, in the order in which a reader sees them. */
export function mainTables(results: Results): Table[] {
  const made = makeTables(results);
  return [
    made.verification,
    made.pooled,
    ...made.whiteBox,
    ...made.blackBox,
    made.matched,
    made.ablation,
    made.effects,
    made.diagnosis,
    made.slopes,
    ...made.transfer,
    made.rules,
    made.leftOut,
  ].flatMap((table) => table ?? []);
}
