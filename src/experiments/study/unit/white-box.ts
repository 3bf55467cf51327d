/** The attack knows the network: how little perturbation suffices. */
import { ATTACKS, type AttackName, accepted } from '../../../attacks/index.ts';
import type { MatchingRule } from '../../../evaluation/index.ts';
import type { WhiteBoxResults } from '../../report/index.ts';
import { attackedPair, attackSettings, type KeptResult } from '../attacking.ts';
import type { StudyConfig } from '../config.ts';
import { DEFENCES, membersOf } from '../defences.ts';
import type { DefenceUnit } from '../units.ts';
import type { StudiedUnit } from './studied-unit.ts';
import { verificationOf } from './verification.ts';

/** Pairs whose loss is kept step by step, to see whether an attack gets stuck. */
const CURVES = 8;

/** White-box: the defence itself is attacked until it accepts the pair, by `rule` at that rule's threshold. */
export async function whiteBoxOf(
  unit: StudiedUnit,
  attack: AttackName,
  rule: MatchingRule,
): Promise<WhiteBoxResults> {
  const { config, data, stages, progress } = unit.context;
  const { rules } = await verificationOf(unit);
  const { threshold } = rules.find((entry) => entry.rule === rule)!;
  const isFirst = attack === config.attack.methods[0] && rule === config.matching[0];
  const place = whiteBoxPlace(unit, attack, rule);
  const inputs = {
    ...unit.testInputs,
    pairs: unit.pairsHash,
    attack,
    rule,
    threshold: threshold.value,
    settings: attackSettings(config.attack.settings, attack),
  };
  return stages.get(
    'white-box',
    unit.title,
    inputs,
    () =>
      progress.during(
        `attack ${unit.title}, ${ATTACKS[attack].paper}${rule === 'mean' ? '' : `, ${rule}`}`,
        unit.pairs.length,
        async (tick) => {
          const results = await unit.attack(unit.lastEpoch, unit.pairs, {
            attack,
            stopping: accepted(threshold.value, rule),
            place,
            inputs,
            keepImages: isFirst,
            curves: isFirst ? CURVES : 0,
            tick,
          });
          const curve = meanCurve(results);
          return {
            attack: ATTACKS[attack].paper,
            rule,
            settings: {
              objective: 'LOTS on L2-normalised features, summed over members',
              ...attackSettings(config.attack.settings, attack),
            },
            pairs: results.map((result, index) => attackedPair(data, unit.pairs[index]!, result)),
            ...(curve && { curve }),
          };
        },
      ),
    ...place,
  );
}

/** The file of an attack's stage. */
export function whiteBoxPlace(unit: StudiedUnit, attack: AttackName, rule: MatchingRule): string[] {
  return [...unit.place, 'white-box', `${attack}.${rule}.json`];
}

/** Every attack by the study's rule, and the first attack by every other; a single network has one rule. */
export function whiteBoxRuns(
  config: StudyConfig,
  { name }: DefenceUnit,
): readonly (readonly [AttackName, MatchingRule])[] {
  const { methods } = config.attack;
  const [first, ...others] = config.matching;
  const rules = membersOf(DEFENCES[name], config) > 1 ? others : [];
  return [
    ...methods.map((attack) => [attack, first!] as const),
    ...rules.map((rule) => [methods[0]!, rule] as const),
  ];
}

/** Mean over the pairs of what the attack makes small, step by step; a pair that is done keeps its last value. */
function meanCurve(results: readonly KeptResult[]): number[] | undefined {
  const curves = results.flatMap(({ curve }) => (curve && curve.value.length > 0 ? [curve.value] : []));
  if (curves.length === 0) return undefined;
  const steps = Math.max(...curves.map((curve) => curve.length));
  return Array.from(
    { length: steps },
    (_, step) =>
      curves.reduce((sum, curve) => sum + curve[Math.min(step, curve.length - 1)]!, 0) / curves.length,
  );
}
