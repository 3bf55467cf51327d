/** What a study is asked to do: a typed, checked configuration. */
import { z } from 'zod';
import { ATTACK_NAMES } from '../../attacks/index.ts';
import { DIVERSITY_FORMS } from '../../losses/diversity-forms.ts';
import { WEIGHT_SCHEMES } from '../../models/mobilefacenet-initial.ts';
import { DEFENCE_NAMES, DEFENCES } from './defences.ts';

const positive = z.number().positive();
const whole = z.int().positive();

const syntheticData = z.object({
  kind: z.literal('synthetic'),
  /** World of faces. */
  seed: z.int().min(0),
  train: z.object({ identities: z.int().min(2), shots: z.int().min(2) }),
  /** People that training never sees. */
  test: z.object({
    identities: z.int().min(2),
    shots: z.int().min(2),
    folds: z.int().min(2),
    pairsPerFold: whole,
  }),
});

const fileData = z.object({
  kind: z.literal('files'),
  /** Tars or folders of identity/image.jpg, merged. */
  train: z.array(z.string().min(1)).min(1),
  test: z.string().min(1),
  /** A list like LFW's pairs.txt; drawn from the test set when absent. */
  pairs: z.string().min(1).optional(),
  /** Identities left out of training, because the test set knows them. */
  exclude: z.array(z.string().min(1)),
  /** Training identities with fewer images are left out. */
  minImages: z.int().min(2),
  /** Read training faces as they are needed, even where they would fit into memory. */
  stream: z.boolean(),
  folds: z.int().min(2),
  pairsPerFold: whole,
});

const attackSettings = z.record(z.string(), z.union([z.number(), z.string(), z.boolean()]));

const settings = z.object({
  data: z.discriminatedUnion('kind', [syntheticData, fileData]),
  /** Side of the square images, in pixels. */
  inputSize: z.int().min(16).max(512),
  widthMultiplier: positive,
  embeddingSize: whole,
  /** Networks in an ensemble. */
  members: z.int().min(1).max(8),
  defences: z
    .array(z.enum(DEFENCE_NAMES))
    .min(1)
    .refine((list) => new Set(list).size === list.length, 'expected every defence once'),
  seeds: z.array(z.int().min(0)).min(1),
  head: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('softmax') }),
    z.object({ kind: z.literal('cosface'), margin: z.number().min(0), scale: positive }),
    z.object({ kind: z.literal('arcface'), margin: z.number().min(0), scale: positive }),
  ]),
  /** Of very many identities. */
  classifier: z.object({
    /** Identities in a chunk of weight vectors; null for all at once while they are few. */
    chunk: whole.nullable(),
    /** Share of the identities that a step looks at besides those of its batch: Partial FC below 1. */
    sample: z.number().gt(0).max(1),
  }),
  training: z.object({
    epochs: whole,
    batchSize: z.int().min(2),
    learningRate: positive,
    /** Steps over which the rate rises from 0; then it falls as a cosine. */
    warmupSteps: z.int().min(0),
    momentum: z.number().min(0).max(0.999),
    weightDecay: z.number().min(0),
    /** How the networks' first weights are drawn; `he` where absent. */
    initialWeights: z.enum(WEIGHT_SCHEMES).optional(),
    /** Networks kept along training, evenly spaced at ends of epochs; the last is the trained one. */
    snapshots: whole,
    /** Random changes to training images, beside mirroring. */
    augment: z.enum(['none', 'standard']),
    /** Batches of so many images of each person, instead of every image once an epoch; null for the latter. */
    imagesPerIdentity: z.int().min(2).nullable(),
  }),
  /** λ of the diversity term, ε on its Gram matrix's diagonal, and what is to differ. */
  diversity: z.object({ weight: z.number().min(0), epsilon: positive, form: z.enum(DIVERSITY_FORMS) }),
  /** Pang et al. 2019: α and β. */
  adp: z.object({ alpha: z.number().min(0), beta: z.number().min(0) }),
  /** Zhong & Deng 2019: training on adversarial images. */
  advt: z.object({
    /** Of the triplet term, and its margin. */
    weight: z.number().min(0),
    margin: z.number().min(0),
    /** Sign steps towards the target's features, of pixels in [0, 1]. */
    rounds: whole,
    stepSize: positive,
    /** Share of the training that is done before adversarial images join. */
    from: z.number().min(0).max(0.99),
  }),
  /** False accept rate at which each defence's own threshold is chosen. */
  far: z.number().gt(0).lt(1),
  /** How members' similarities become one; the first is the study's, the others are compared with it. */
  matching: z
    .array(z.enum(['mean', 'min', 'concat']))
    .min(1)
    .refine((list) => new Set(list).size === list.length, 'expected every rule once'),
  /** Verify with features of each image and its mirror image added, too. */
  flipSum: z.boolean(),
  attack: z.object({
    /** Impersonation pairs. */
    pairs: whole,
    /** Of them, those that networks along training are attacked on. */
    snapshotPairs: whole,
    batchSize: whole,
    /** White-box attacks; the first is also used along training, by other matching rules and for transfer. */
    methods: z
      .array(z.enum(ATTACK_NAMES))
      .min(1)
      .refine((list) => new Set(list).size === list.length, 'expected every attack once'),
    /** What differs from an attack's own settings, by attack. */
    settings: z.partialRecord(z.enum(ATTACK_NAMES), attackSettings),
  }),
  /** Pictures of features and weight vectors of two numbers: trains three small networks. */
  directions: z.boolean(),
  /** Feature distances on the surrogate, from far to near. */
  distances: z
    .array(z.number().gt(0).lt(2))
    .min(1)
    .refine((list) => list.every((d, i) => i === 0 || d < list[i - 1]!), 'expected distances that fall'),
});

export const studySchema = settings.refine(
  ({ classifier, defences }) =>
    (classifier.chunk === null && classifier.sample === 1) ||
    !defences.some((name) => DEFENCES[name].needsAllScores),
  {
    path: ['defences'],
    message:
      'the loss of adp compares predictions over all identities, which chunks (--class-chunk) and samples of identities (--class-sample) do not give; leave it or them out',
  },
);

export type StudyConfig = z.infer<typeof settings>;

/** Checks a configuration; the error names every setting that is wrong. */
export function parseStudyConfig(value: unknown, from: string): StudyConfig {
  const parsed = studySchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.map(String).join('.') || 'the whole'}: ${issue.message}`,
  );
  throw new Error(`${from}: ${problems.join('; ')}`);
}
