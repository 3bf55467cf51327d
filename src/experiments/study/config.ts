/** What a study is asked to do: a typed, checked configuration, and the presets. */
import { z } from 'zod';
import { DEFENCE_NAMES, DIVERSITY_FORMS } from './defences.ts';

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
  folds: z.int().min(2),
  pairsPerFold: whole,
});

export const studySchema = z.object({
  data: z.discriminatedUnion('kind', [syntheticData, fileData]),
  /** Side of the square images, in pixels. */
  inputSize: z.int().min(16).max(512),
  widthMultiplier: positive,
  embeddingSize: whole,
  /** Networks in an ensemble. */
  members: z.int().min(2).max(8),
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
  training: z.object({
    epochs: whole,
    batchSize: z.int().min(2),
    learningRate: positive,
    /** Steps over which the rate rises from 0; then it falls as a cosine. */
    warmupSteps: z.int().min(0),
    momentum: z.number().min(0).max(0.999),
    weightDecay: z.number().min(0),
    /** Networks kept along training, evenly spaced at ends of epochs; the last is the trained one. */
    snapshots: whole,
  }),
  /** λ of the diversity term, ε on its Gram matrix's diagonal, and what is to differ. */
  diversity: z.object({ weight: z.number().min(0), epsilon: positive, form: z.enum(DIVERSITY_FORMS) }),
  /** Pang et al. 2019: α and β. */
  adp: z.object({ alpha: z.number().min(0), beta: z.number().min(0) }),
  /** False accept rate at which each defence's own threshold is chosen. */
  far: z.number().gt(0).lt(1),
  attack: z.object({
    /** Impersonation pairs. */
    pairs: whole,
    /** Step of I-FGSM, of pixels in [0, 1]. */
    stepSize: positive,
    maxSteps: whole,
    batchSize: whole,
  }),
  /** Feature distances on the surrogate, from far to near. */
  distances: z
    .array(z.number().gt(0).lt(2))
    .min(1)
    .refine((list) => list.every((d, i) => i === 0 || d < list[i - 1]!), 'expected distances that fall'),
});

export type StudyConfig = z.infer<typeof studySchema>;

/** Settings that ship with facet, by name, and what each is for. */
export const PRESETS: Readonly<Record<string, { readonly about: string; readonly config: StudyConfig }>> = {
  tiny: {
    about: 'synthetic faces, minutes on a CPU',
    config: {
      data: {
        kind: 'synthetic',
        seed: 1,
        train: { identities: 90, shots: 16 },
        test: { identities: 60, shots: 10, folds: 10, pairsPerFold: 60 },
      },
      inputSize: 28,
      widthMultiplier: 0.25,
      embeddingSize: 64,
      members: 3,
      defences: ['single', 'ensemble', 'diverse'],
      seeds: [0],
      head: { kind: 'softmax' },
      training: {
        epochs: 6,
        batchSize: 48,
        learningRate: 0.1,
        warmupSteps: 20,
        momentum: 0.9,
        weightDecay: 5e-4,
        snapshots: 1,
      },
      diversity: { weight: 1, epsilon: 1e-3, form: 'features' },
      adp: { alpha: 2, beta: 0.5 },
      far: 0.01,
      attack: { pairs: 40, stepSize: 0.5 / 255, maxSteps: 200, batchSize: 20 },
      distances: [1, 0.8, 0.6, 0.4, 0.3, 0.2],
    },
  },
  small: {
    about:
      'real faces at 56×56, width 0.5: hours on a CPU, minutes on a GPU (give --train, --test and --pairs)',
    config: {
      data: {
        kind: 'synthetic',
        seed: 1,
        train: { identities: 300, shots: 24 },
        test: { identities: 300, shots: 10, folds: 10, pairsPerFold: 600 },
      },
      inputSize: 56,
      widthMultiplier: 0.5,
      embeddingSize: 128,
      members: 3,
      defences: ['single', 'ensemble', 'adp', 'shared', 'diverse'],
      seeds: [0],
      head: { kind: 'softmax' },
      training: {
        epochs: 8,
        batchSize: 64,
        learningRate: 0.1,
        warmupSteps: 100,
        momentum: 0.9,
        weightDecay: 5e-4,
        snapshots: 8,
      },
      diversity: { weight: 1, epsilon: 1e-3, form: 'features' },
      adp: { alpha: 2, beta: 0.5 },
      far: 0.01,
      attack: { pairs: 200, stepSize: 0.25 / 255, maxSteps: 200, batchSize: 32 },
      distances: [1, 0.8, 0.6, 0.4, 0.3, 0.2],
    },
  },
};

/** Checks a configuration; the error names every setting that is wrong. */
export function parseStudyConfig(value: unknown, from: string): StudyConfig {
  const parsed = studySchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.map(String).join('.') || 'the whole'}: ${issue.message}`,
  );
  throw new Error(`${from}: ${problems.join('; ')}`);
}
