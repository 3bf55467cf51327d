/**
 * Whole steps of MobileFaceNet: what training and attacking spend their time on.
 *
 * M members, N images of S×S pixels, K identities, E embedding size.
 */

import { lots } from '../attacks/lots.ts';
import {
  add,
  gradients,
  input,
  maximum,
  minimum,
  mul,
  scalarInput,
  sign,
  sub,
  sum,
  Variable,
} from '../engine/index.ts';
import { sgd } from '../engine/optimizers/sgd.ts';
import { cosFaceHead } from '../losses/cosface.ts';
import { totalLoss } from '../losses/diversity.ts';
import { Classifier } from '../models/classifier.ts';
import { MobileFaceNet } from '../models/mobilefacenet.ts';
import { mobileFaceNetBlocks } from '../models/mobilefacenet-table.ts';
import { type CaseFamily, caseName, workload } from './case.ts';
import { operand, uniformValues } from './values.ts';

const BATCH = 8;
const CLASSES = 1000;
const EMBEDDING = 128;
const RATE = 0.05;
const MOMENTUM = 0.9;
const STEP = 2 / 255;
const RADIUS = 8 / 255;
/** Backward is two products for each of forward's: the gradients of inputs and of weights. */
const TRAIN_PASSES = 3;
/** An attack needs no gradients of weights. */
const ATTACK_PASSES = 2;

/** Operations of the convolutions and the classifier, forward, for one member and the whole batch. */
export function forwardFlops(size: number): number {
  let side = size;
  let operations = 2 * EMBEDDING * CLASSES;
  const options = { inputSize: size, widthMultiplier: 1, embeddingSize: EMBEDDING };
  for (const layer of mobileFaceNetBlocks(options).flatMap((block) => block.layers)) {
    const [kh, kw] = layer.kernel;
    side = Math.floor((side + 2 * layer.padding - kh) / layer.stride) + 1;
    const inputs = layer.kind === 'conv' ? layer.inputs : 1;
    operations += 2 * side * side * layer.outputs * inputs * kh * kw;
  }
  return BATCH * operations;
}

/**
 * `train-step/b8/S`: forward, backward and update, with CosFace (margin 0.35, scale 32) over 1000 identities and SGD
 * with momentum. Images and labels are uploaded with every run. Members are an independent ensemble.
 */
function trainStep(size: number): CaseFamily {
  return (members) => ({
    name: caseName(`train-step/b${BATCH}/${size}`, members),
    members,
    description: `MobileFaceNet, ${members} of [${BATCH}, ${size}, ${size}, 3]: forward, backward, SGD with momentum`,
    work: { unit: 'flop', amount: TRAIN_PASSES * members * forwardFlops(size) },
    prepare: () => {
      const network = new MobileFaceNet({ inputSize: size, members });
      const classifier = new Classifier({ classes: CLASSES, members, embeddingSize: EMBEDDING });
      const head = cosFaceHead({ margin: 0.35, scale: 32 });
      const sets = [network.parameters, classifier.parameters];
      const optimizers = sets.map((set) => sgd(set, { momentum: MOMENTUM }));
      const kept = [...sets, network.statistics, ...optimizers.flatMap((each) => each.state)];
      return workload(
        {
          name: `train step ${size}`,
          inputs: {
            images: input([1, BATCH, size, size, 3]),
            labels: input([BATCH], 'i32'),
            rate: scalarInput(),
          },
          trace: ({ images, labels, rate }) => {
            const { features, updates } = network.forward(images, 'train');
            const { loss: losses } = head({ features, weights: classifier.weights(), labels });
            const loss = totalLoss(losses);
            const wanted = sets.flatMap((set) => [...set.tensors().values()]);
            const slopes = gradients(loss, wanted).values();
            const steps = sets.flatMap((set, index) => {
              const bySet = new Map(set.paths.map((path) => [path, slopes.next().value!]));
              return optimizers[index]!.step(bySet, rate);
            });
            return { outputs: { loss }, updates: [...updates, ...steps] };
          },
        },
        {
          images: uniformValues('images', BATCH * size * size * 3),
          labels: Int32Array.from({ length: BATCH }, (_, i) => (i * 389) % CLASSES),
          rate: RATE,
        },
        kept.map((set) => set.flat),
      );
    },
  });
}

/**
 * `attack-step/b8/S`: one step of I-FGSM on the cosine of the features, Σ (1 − cos), within 8/255 of the source.
 * The images are one batch that all members see; they and all else stay on the device.
 */
function attackStep(size: number): CaseFamily {
  return (members) => ({
    name: caseName(`attack-step/b${BATCH}/${size}`, members),
    members,
    description: `MobileFaceNet, ${members} looking at [${BATCH}, ${size}, ${size}, 3]: gradient of the images, sign step`,
    work: { unit: 'flop', amount: ATTACK_PASSES * members * forwardFlops(size) },
    prepare: () => {
      const network = new MobileFaceNet({ inputSize: size, members });
      const shape = [1, BATCH, size, size, 3];
      const sources = operand('sources', shape);
      const images = new Variable({ name: 'images', shape, initial: sources.initial });
      const targets = operand('targets', [members, BATCH, EMBEDDING]);
      const objective = lots();
      return workload(
        {
          name: `attack step ${size}`,
          inputs: {},
          trace: () => {
            const [now, source] = [images.tensor(), sources.tensor()];
            const { features } = network.forward(now, 'inference');
            const distance = sum(objective(features, targets.tensor()));
            const [slope] = gradients(distance, [now]);
            const moved = sub(now, mul(sign(slope!), STEP));
            const kept = minimum(maximum(moved, sub(source, RADIUS)), add(source, RADIUS));
            return { outputs: { distance }, updates: [images.assign(kept)] };
          },
        },
        {},
        [network.parameters.flat, network.statistics.flat, sources, images, targets],
      );
    },
  });
}

export const stepCases: readonly CaseFamily[] = [
  trainStep(56),
  trainStep(112),
  attackStep(56),
  attackStep(112),
];
