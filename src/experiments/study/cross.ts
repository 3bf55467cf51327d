/** Stages that look at several units: black-box examples and other defences' examples, shown to a defence. */
import { ATTACKS, type AttackName } from '../../attacks/index.ts';
import { measure, similarity } from '../../evaluation/index.ts';
import type { BlackBoxResults } from '../report/index.ts';
import { attackSettings } from './attacking.ts';
import { readImages } from './journal.ts';
import {
  BLACK_BOX_ATTACK,
  craftedOn,
  craftedPlace,
  craftingInputs,
  type StudiedUnit,
  type StudyContext,
  verificationOf,
  whiteBoxOf,
  whiteBoxPlace,
} from './unit/index.ts';
import { trainingSeed } from './units.ts';

/** Images that are shown to a defence at once. */
const SHOWN_AT_ONCE = 64;

/** An image and the pair that it was made for. */
interface Shown {
  readonly pair: number;
  readonly image: Float32Array;
}

/** Shows the surrogate's examples to a defence: at which distances does it accept them as the target's person? */
export async function judgeBlackBox(
  context: StudyContext,
  defence: StudiedUnit,
  surrogate: StudiedUnit,
): Promise<BlackBoxResults> {
  const { config, stages, progress } = context;
  const attack = BLACK_BOX_ATTACK;
  const crafted = await craftedOn(surrogate, attack);
  const { threshold } = await verificationOf(defence);
  return stages.get(
    'black-box',
    defence.title,
    {
      ...defence.trainingInputs,
      threshold: threshold.value,
      rule: config.matching[0],
      crafted: craftingInputs(surrogate, attack),
    },
    () =>
      progress.during(`show black-box examples to ${defence.title}`, crafted.length, async (tick) => {
        const success = crafted.map(({ reached }) => reached.map((): boolean | null => null));
        const limits = config.distances.length;
        const pixels = config.inputSize ** 2 * 3;
        const shown: (Shown & { limit: number })[] = [];
        for (const [pair, { reached }] of crafted.entries()) {
          const images = await imagesOf(context, craftedPlace(surrogate, attack), pair, limits * pixels);
          for (let limit = 0; limit < limits; limit++) {
            if (!reached[limit]) continue;
            shown.push({ pair, limit, image: images.subarray(limit * pixels, (limit + 1) * pixels) });
          }
          if (shown.length < SHOWN_AT_ONCE && pair < crafted.length - 1) continue;
          const accepted = await show(context, defence, threshold.value, shown);
          for (const [i, { pair: of, limit }] of shown.entries()) success[of]![limit] = accepted[i]!;
          shown.length = 0;
          tick(pair + 1);
        }
        return {
          attack: ATTACKS[attack].paper,
          settings: { ...attackSettings(config.attack.settings, attack) },
          surrogate: {
            name: 'single',
            seed: trainingSeed({ kind: 'surrogate', seed: surrogate.seed }),
            description: 'one network of the same kind, trained on the same faces from other initial weights',
          },
          distances: [...config.distances],
          distanceMeasure: 'Euclidean distance of L2-normalised features',
          pairs: crafted.map(({ source, target }, pair) => ({ source, target, success: success[pair]! })),
        };
      }),
    ...defence.place,
    'black-box',
    `${attack}.json`,
  );
}

/** Which white-box examples that succeeded on `from` are accepted by `to`: per pair, null where there is none. */
export async function judgeTransfer(
  context: StudyContext,
  from: StudiedUnit,
  to: StudiedUnit,
  attack: AttackName,
): Promise<readonly (boolean | null)[]> {
  const { config, stages } = context;
  const rule = config.matching[0]!;
  const { pairs } = await whiteBoxOf(from, attack, rule);
  if (from === to) return pairs.map(({ success }) => success || null);
  const [{ threshold }, crafted] = [await verificationOf(to), await verificationOf(from)];
  const inputs = {
    ...to.trainingInputs,
    threshold: threshold.value,
    rule,
    from: from.trainingInputs,
    fromThreshold: crafted.threshold.value,
    settings: attackSettings(config.attack.settings, attack),
    pairs: pairs.map(({ source, target, success }) => [source, target, success]),
  };
  return stages.get(
    'transfer',
    to.title,
    inputs,
    async () => {
      const pixels = config.inputSize ** 2 * 3;
      const outcome = pairs.map((): boolean | null => null);
      for (let first = 0; first < pairs.length; first += SHOWN_AT_ONCE) {
        const shown: Shown[] = [];
        for (let pair = first; pair < Math.min(pairs.length, first + SHOWN_AT_ONCE); pair++) {
          if (!pairs[pair]!.success) continue;
          const image = await imagesOf(context, whiteBoxPlace(from, attack, rule), pair, pixels);
          shown.push({ pair, image });
        }
        const accepted = await show(context, to, threshold.value, shown);
        for (const [i, { pair }] of shown.entries()) outcome[pair] = accepted[i]!;
      }
      return outcome;
    },
    ...to.place,
    'transfer',
    `${from.name}.${attack}.json`,
  );
}

/** Whether the defence accepts each image as the person of its pair's target. */
async function show(
  { config }: StudyContext,
  defence: StudiedUnit,
  threshold: number,
  shown: readonly Shown[],
): Promise<boolean[]> {
  if (shown.length === 0) return [];
  const length = shown[0]!.image.length;
  const images = new Float32Array(shown.length * length);
  for (const [i, { image }] of shown.entries()) images.set(image, i * length);
  const features = measure(await defence.embedImages(images, shown.length));
  const targets = measure(await defence.embedRows(shown.map(({ pair }) => defence.pairs[pair]!.target)));
  return shown.map((_, i) => similarity(config.matching[0]!, features, i, targets, i) > threshold);
}

async function imagesOf(
  { stages }: StudyContext,
  place: readonly string[],
  pair: number,
  length: number,
): Promise<Float32Array> {
  const images = await readImages(stages.run, place, pair, length);
  if (images) return images;
  throw new Error(
    `${stages.run.join(...place)}: the adversarial images beside it are missing or cut short; remove that file, and go on with --resume to make them again`,
  );
}
