/**
 * A picture of what sharing weight vectors changes: ensembles of two members with features of two numbers, of a few people,
 * trained three ways. More members than dimensions would always span a volume of zero.
 */
import type { LoadedFaces } from '../../data/index.ts';
import { type Embeddings, measure } from '../../evaluation/index.ts';
import type { Directions } from '../report/index.ts';
import type { StudyConfig } from './config.ts';
import { DEFENCES, type DefenceName } from './defences.ts';
import { diagnose, type WeightVectors } from './diagnosis.ts';
import { compileEmbedder, embedFaces } from './embedding.ts';
import { train } from './train.ts';
import { facesInMemory, type TrainFaces } from './train-faces.ts';
import { openTrained } from './trained.ts';
import { buildTrainee } from './trainee.ts';
import type { StudyContext } from './unit/index.ts';
import { unitPlace } from './units.ts';

const PANELS: readonly { readonly defence: DefenceName; readonly title: string }[] = [
  { defence: 'ensemble', title: 'separate weight vectors' },
  { defence: 'shared', title: 'shared weight vectors' },
  { defence: 'diverse', title: 'shared weight vectors, and diversity' },
];

/** λ, less than the study's: in two dimensions members that are at right angles cannot all stay near W. */
const DIVERSITY_WEIGHT = 0.1;
const PEOPLE = 6;
const MOST_IMAGES = 16;
const STEPS = 160;

/** Trains the three ensembles and gives what the pictures show. */
export async function drawDirections(context: StudyContext): Promise<Directions> {
  const { data, stages } = context;
  const faces = await fewPeople(data.train);
  const config = smallConfig(context.config, faces.labels.length);
  const panels = [];
  for (const { defence, title } of PANELS) {
    const inputs = {
      faces: data.fingerprint.train,
      people: PEOPLE,
      images: MOST_IMAGES,
      defence,
      config: settingsOf(config),
    };
    panels.push(
      await stages.get(
        'directions',
        'directions',
        inputs,
        () => drawPanel(context, config, faces, defence, title, inputs),
        ...unitPlace({ kind: 'directions' }),
        `${defence}.json`,
      ),
    );
  }
  return { panels };
}

async function drawPanel(
  { engine, stages, progress, signal }: StudyContext,
  config: StudyConfig,
  faces: LoadedFaces,
  name: DefenceName,
  title: string,
  inputs: unknown,
): Promise<Directions['panels'][number]> {
  const defence = DEFENCES[name];
  const classes = new Set(faces.labels).size;
  const place = [...unitPlace({ kind: 'directions' }), name];
  const trainee = buildTrainee(defence, config, classes, 0);
  const label = `train for a picture, ${title}`;
  try {
    const task = { engine, config, defence, trainee, seed: 0, run: stages.run };
    const images = facesInMemory(faces, classes);
    await train({ ...task, faces: images, place, inputs, label, progress, signal });
  } finally {
    for (const set of trainee.sets) engine.free(set.flat);
  }
  const trained = await openTrained(engine, stages.run, place, config.training.epochs, {
    defence,
    config,
    classes,
  });
  try {
    const embedder = await compileEmbedder(engine, trained.network, 32);
    const embeddings = await embedFaces(embedder, faces);
    embedder.free();
    return {
      name,
      title,
      weights: rowsOf({ ...trained.weights, members: trained.weights.sets, count: classes, dimension: 2 }),
      features: rowsOf(embeddings),
      labels: [...faces.labels],
      accuracy: accuracy(embeddings, faces.labels, trained.weights),
      volume: diagnose(embeddings, faces.labels, trained.weights).volume ?? 0,
    };
  } finally {
    trained.free();
  }
}

/** The first images of the people who have most, numbered from 0. */
async function fewPeople(faces: TrainFaces): Promise<LoadedFaces> {
  const rowsOfPerson = new Map<number, number[]>();
  for (const [row, label] of faces.labels.entries()) {
    const rows = rowsOfPerson.get(label);
    if (rows) rows.push(row);
    else rowsOfPerson.set(label, [row]);
  }
  const people = [...rowsOfPerson.values()].sort((a, b) => b.length - a.length).slice(0, PEOPLE);
  const numberOf = new Map(people.map((rows, number) => [faces.labels[rows[0]!]!, number]));
  const loaded = await faces.load(people.flatMap((rows) => rows.slice(0, MOST_IMAGES)));
  return { ...loaded, labels: loaded.labels.map((label) => numberOf.get(label)!) };
}

/** Two members, two numbers, small networks, few steps. */
function smallConfig(config: StudyConfig, images: number): StudyConfig {
  const batchSize = Math.min(24, images);
  return {
    ...config,
    members: 2,
    embeddingSize: 2,
    diversity: { ...config.diversity, weight: Math.min(DIVERSITY_WEIGHT, config.diversity.weight) },
    widthMultiplier: Math.min(0.25, config.widthMultiplier),
    training: {
      ...config.training,
      epochs: Math.ceil(STEPS / Math.floor(images / batchSize)),
      batchSize,
      warmupSteps: 10,
      snapshots: 1,
    },
  };
}

function settingsOf({ inputSize, widthMultiplier, head, classifier, training, diversity }: StudyConfig) {
  return { inputSize, widthMultiplier, head, classifier, training, diversity };
}

function rowsOf({ data, members, count, dimension }: Embeddings): number[][][] {
  return Array.from({ length: members }, (_, member) =>
    Array.from({ length: count }, (_, row) => {
      const from = (member * count + row) * dimension;
      return [...data.subarray(from, from + dimension)];
    }),
  );
}

/** Share of members' features whose largest score is their own person's. */
function accuracy(embeddings: Embeddings, labels: ArrayLike<number>, weights: WeightVectors): number {
  const { data, members, count, dimension } = measure(embeddings);
  const classes = weights.data.length / (weights.sets * dimension);
  let right = 0;
  for (let member = 0; member < members; member++) {
    const set = weights.sets === 1 ? 0 : member;
    for (let row = 0; row < count; row++) {
      let [best, largest] = [-1, Number.NEGATIVE_INFINITY];
      for (let person = 0; person < classes; person++) {
        let score = 0;
        for (let k = 0; k < dimension; k++) {
          score +=
            data[(member * count + row) * dimension + k]! *
            weights.data[(set * classes + person) * dimension + k]!;
        }
        if (score > largest) [best, largest] = [person, score];
      }
      if (best === labels[row]) right++;
    }
  }
  return right / (members * count);
}
