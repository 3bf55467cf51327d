/**
 * What a study measured: the contents of `results.json`, the one thing every table, figure and report is
 * made from. Version 2 of the schema `facet-results`.
 *
 * Units: rates, accuracies and pixels are in [0, 1]; perturbations are in pixels of that range (L2 is the
 * Euclidean norm over all pixels and channels, L∞ the largest change, RMS = L2 / √(number of values)).
 * Every measurement stands under a defence and a seed, so one run and many have one shape.
 *
 * A change that an old reader would misread (a field removed, renamed or given another meaning) makes a new
 * version; new optional fields do not.
 */
// As a namespace: bundlers then leave out of a page what is not used, three quarters of it.
import * as z from 'zod';

export const RESULTS_SCHEMA = 'facet-results';
export const RESULTS_VERSION = 2;

const rate = z.number().min(0).max(1);
const count = z.int().min(0);
const name = z.string().min(1);
/** Settings as given: any JSON. Shown in full, interpreted by nobody. */
const settings = z.record(z.string(), z.json());
const image = z
  .string()
  .regex(
    /^data:image\/(png|jpeg|webp);base64,[A-Za-z0-9+/]+=*$/,
    'expected a PNG, JPEG or WebP as a base64 data URI',
  );

const trainingPoint = z.object({
  /** Optimiser steps done. */
  step: count,
  /** Passes over the training set done; a fraction within one. */
  epoch: z.number().min(0),
  /** The whole loss, as minimised. */
  loss: z.number(),
  /** Share of training images given to the right identity. */
  accuracy: rate,
  /** The loss's terms, by name, where it has several. */
  terms: z.record(z.string(), z.number()).optional(),
});

const training = z.object({
  points: z.array(trainingPoint),
  /** Over the last epoch. */
  finalAccuracy: rate,
});

const verification = z.object({
  pairs: count,
  folds: z.int().min(2),
  accuracy: rate,
  /** Standard deviation over the folds (population). */
  deviation: z.number().min(0),
  /** `resolved` false: too few pairs of different people to show this rate. */
  tarAtFar: z.array(z.object({ far: rate, tar: rate, resolved: z.boolean() })),
  eer: rate,
  auc: rate,
  roc: z.array(z.object({ far: rate, tar: rate })),
  /** Histogram of similarities: `edges` has one number more than each list of counts. */
  similarities: z
    .object({ edges: z.array(z.number()).min(2), same: z.array(count), different: z.array(count) })
    .refine((h) => h.same.length === h.edges.length - 1 && h.different.length === h.edges.length - 1, {
      message: 'expected one count per bin: one fewer than edges',
    }),
});

const threshold = z.object({
  far: rate,
  /** Accepted when the similarity is greater. */
  value: z.number(),
  /** Pairs of different people that it was chosen over. */
  impostors: count,
});

const matchingRule = z.enum(['mean', 'min', 'concat']);

/** Verification under one matching rule, at that rule's own threshold. */
const ruleResult = z.object({
  rule: matchingRule,
  accuracy: rate,
  deviation: z.number().min(0),
  eer: rate,
  threshold,
});

const attackedPair = z.object({
  source: name,
  target: name,
  success: z.boolean(),
  /** Gradients that the attack asked for. */
  iterations: count,
  /** Of the perturbation that is kept; of the last one tried where none succeeded. */
  l2: z.number().min(0),
  linf: z.number().min(0),
  rms: z.number().min(0),
});

const whiteBox = z.object({
  /** As papers write it: 'I-FGSM'. */
  attack: name,
  /** The rule by which the defence accepted, with its own threshold. */
  rule: matchingRule,
  settings,
  pairs: z.array(attackedPair).min(1),
  /** Mean over pairs of the distance that the attack makes small, step by step; where it was recorded. */
  curve: z.array(z.number()).optional(),
});

/** A network on the way: how robust it is, against how well it verifies. */
const snapshot = z.object({
  /** Passes over the training set done. */
  epoch: z.number().min(0),
  step: count,
  /** Training accuracy over the epoch before. */
  trainingAccuracy: rate,
  accuracy: rate,
  deviation: z.number().min(0),
  threshold,
  memberCosine: z.number().nullable(),
  /** The study's first attack, on some of the pairs; those accepted as they are count with a perturbation of 0. */
  whiteBox,
});

const angle = z.number().min(0).max(180);
/** Rows of equal length, at least one. */
const angles = z
  .array(z.array(angle).min(1))
  .min(1)
  .refine((rows) => rows.every((row) => row.length === rows[0]!.length), {
    message: 'expected rows of equal length',
  });

/** How the members' features and weight vectors lie, over some training faces. Angles in degrees. */
const diagnosis = z.object({
  images: count,
  /**
   * [i][j]: mean angle between member i's features and member j's weight vector of the same identity. Members
   * that share their weight vectors have columns that are alike, or one column.
   */
  featureToWeight: angles,
  /** [i][j]: mean angle between member i's and member j's features of the same image; 0 on the diagonal. */
  featureToFeature: angles,
  /** Volume that the members' unit features span, geometric mean over images: 1 at right angles; null for one. */
  volume: z.number().min(0).nullable(),
});

/**
 * What a white-box attack meets at its first step, over the pairs that the defence does not accept as they are. Slopes are
 * lengths of gradients of the similarity (mean of the members' cosines) by pixel values in [0, 1].
 */
const slopes = z.object({
  pairs: count,
  /** Mean distance of the similarity from the threshold. */
  gap: z.number().min(0),
  /** Mean slope of one member's similarity. */
  member: z.number().min(0),
  /** Mean slope of the similarity: of all members at once. */
  joint: z.number().min(0),
  /** Mean cosine between two members' gradients; null for a single network. */
  cosine: z.number().min(-1).max(1).nullable(),
  /** Median L2 norm that would do if the slope stayed as it is: gap / joint. */
  firstOrder: z.number().min(0),
});

const blackBox = z
  .object({
    attack: name,
    settings,
    /** The network that the examples were crafted on. */
    surrogate: z.object({ name, seed: z.int(), description: z.string() }),
    /** Feature distances that examples were crafted to, from far to near. */
    distances: z.array(z.number().min(0)).min(1),
    /** What the distance is, for the figure's axis: 'Euclidean distance of L2-normalised features'. */
    distanceMeasure: name,
    /** Per pair and distance, whether the defence was fooled; null where the surrogate never got so near. */
    pairs: z.array(z.object({ source: name, target: name, success: z.array(z.boolean().nullable()) })).min(1),
  })
  .refine((b) => b.distances.every((d, i) => i === 0 || d < b.distances[i - 1]!), {
    path: ['distances'],
    message: 'expected each distance nearer than the one before',
  })
  .refine((b) => b.pairs.every((pair) => pair.success.length === b.distances.length), {
    path: ['pairs'],
    message: 'expected one outcome per distance in every pair',
  });

const run = z.object({
  /** Of its initial weights and the order of its images; each seed once per defence. */
  seed: z.int(),
  /** Null for a network that was trained elsewhere, of which nothing is known: what `facet attack` reports. */
  training: training.nullable(),
  /** By the study's matching rule. */
  verification,
  threshold,
  /** The same faces with the features of each image and of its mirror image added; null where it was not asked for. */
  flipSum: z.object({ accuracy: rate, deviation: z.number().min(0) }).nullable(),
  /** By every matching rule; one entry for a single network, where they are the same but for `concat`'s name. */
  rules: z.array(ruleResult).min(1),
  /** Mean cosine between members' features of one image; null for a single network. */
  memberCosine: z.number().nullable(),
  whiteBox: z.array(whiteBox),
  blackBox: z.array(blackBox),
  /** Along training, the trained network last. */
  snapshots: z.array(snapshot),
  diagnosis: diagnosis.nullable(),
  /** Of every defence since facet measures it. */
  slopes: slopes.nullable().default(null),
});

/** Each defence's white-box examples, shown to each defence. */
const transfer = z
  .object({
    seed: z.int(),
    attack: name,
    /** Defences that examples were crafted on, and those that they were shown to, in the same order. */
    defences: z.array(name).min(1),
    /** [from][to]: examples that were accepted; the diagonal is the white-box attack itself. */
    accepted: z.array(z.array(count)),
    /** [from]: examples that succeeded on the defence that they were crafted on, and so were shown. */
    shown: z.array(count),
  })
  .refine(
    ({ defences, accepted, shown }) =>
      shown.length === defences.length &&
      accepted.length === defences.length &&
      accepted.every((row) => row.length === defences.length),
    { path: ['accepted'], message: 'expected a row and a column for each defence' },
  )
  .refine(({ accepted, shown }) => accepted.every((row, from) => row.every((n) => n <= (shown[from] ?? 0))), {
    path: ['accepted'],
    message: 'expected no more examples accepted than were shown',
  });

/** Features and weight vectors of networks with features of two numbers: a picture of what sharing changes. */
const directions = z.object({
  panels: z.array(
    z
      .object({
        name,
        title: name,
        /** [members or 1][identities][2] */
        weights: z.array(z.array(z.array(z.number()).length(2))),
        /** [members][images][2] */
        features: z.array(z.array(z.array(z.number()).length(2))),
        /** [images]: whose images they are, an index into each list of weight vectors. */
        labels: z.array(count),
        /** Share of training images given to the right identity. */
        accuracy: rate,
        /** As in `diagnosis`. */
        volume: z.number().min(0),
      })
      .refine(({ features, labels }) => features.every((member) => member.length === labels.length), {
        path: ['features'],
        message: 'expected one feature vector per label from every member',
      })
      .refine(({ weights, labels }) => weights.every((set) => labels.every((label) => label < set.length)), {
        path: ['weights'],
        message: 'expected a weight vector for every label',
      }),
  ),
});

/**
 * Pairs that are left out of comparisons, since nothing is left to attack: of two people whom a defence takes
 * for one as they are; for dodging, of one person whom a defence takes for two.
 */
const leftOut = z.object({
  seed: z.int(),
  source: name,
  target: name,
  /** The defences that the pair is left out for. */
  acceptedBy: z.array(name).min(1),
});

const defence = z.object({
  name,
  /** In a few plain words: 'three networks that share their weight vectors, pushed apart'. */
  description: z.string(),
  settings,
  /** One per seed. */
  runs: z.array(run).min(1),
});

const example = z.object({
  defence: name,
  seed: z.int(),
  attack: name,
  source: z.object({ name, image }),
  target: z.object({ name, image }),
  adversarial: image,
  /** The perturbation times `amplification`, around mid-grey. */
  perturbation: image,
  amplification: z.number().positive(),
  success: z.boolean(),
  iterations: count,
  l2: z.number().min(0),
  linf: z.number().min(0),
  rms: z.number().min(0),
});

/** The schema itself, for whoever wants to check or to describe it; `parseResults` says more about what is wrong. */
export const resultsSchema = z
  .object({
    schema: z.literal(RESULTS_SCHEMA),
    version: z.literal(RESULTS_VERSION),
    name,
    /** The command that repeats the run, exactly. */
    command: name,
    /** When it ended. */
    date: z.iso.datetime({ offset: true }),
    /** What the command took; stages that an earlier one had done are not in it. */
    durationSeconds: z.number().min(0),
    facetVersion: name,
    /** What it ran on. */
    adapter: z.object({ name, kind: z.enum(['gpu', 'software']), driver: z.string() }),
    data: z.object({
      /** Null where nothing was trained. */
      train: z.object({ name, identities: count, images: count, synthetic: z.boolean() }).nullable(),
      test: z.object({ name, identities: count, images: count, synthetic: z.boolean() }),
    }),
    /** How an ensemble's similarity is made of its members'. */
    matching: matchingRule,
    /** What attacks are for: to be taken for another person (the default), or no longer for oneself. */
    goal: z.enum(['impersonate', 'dodge']).optional(),
    settings,
    defences: z.array(defence).min(1),
    /** Left out of every table of attacks. */
    leftOut: z.array(leftOut),
    transfer: z.array(transfer),
    directions: directions.nullable(),
    examples: z.array(example),
    /** What a reader must know to judge the numbers: pairs left out and why, images skipped. */
    notes: z.array(z.string()),
  })
  .refine((r) => new Set(r.defences.map((d) => d.name)).size === r.defences.length, {
    path: ['defences'],
    message: 'expected every defence under one name of its own',
  })
  .refine((r) => r.defences.every((d) => new Set(d.runs.map((one) => one.seed)).size === d.runs.length), {
    path: ['defences'],
    message: 'expected every seed of a defence once',
  })
  .refine(
    (r) =>
      r.defences.every((d) =>
        d.runs.every(
          ({ whiteBox: w }) => new Set(w.map((a) => JSON.stringify([a.attack, a.rule]))).size === w.length,
        ),
      ),
    { path: ['defences'], message: 'expected one white-box entry per attack and rule in every run' },
  )
  .refine(
    (r) => {
      const lists = new Map<string, string>();
      return r.defences
        .flatMap((d) => d.runs.flatMap((one) => one.blackBox))
        .every(({ attack, distances }) => {
          const list = JSON.stringify(distances);
          if (!lists.has(attack)) lists.set(attack, list);
          return lists.get(attack) === list;
        });
    },
    { path: ['defences'], message: 'expected one list of distances for all runs of a black-box attack' },
  );

/** A study's results; see the head of this file for units. */
export type Results = z.infer<typeof resultsSchema>;
export type DefenceResults = Results['defences'][number];
export type RunResults = DefenceResults['runs'][number];
export type WhiteBoxResults = RunResults['whiteBox'][number];
export type BlackBoxResults = RunResults['blackBox'][number];
export type MatchingRuleName = WhiteBoxResults['rule'];
export type AttackedPair = WhiteBoxResults['pairs'][number];
export type Snapshot = RunResults['snapshots'][number];
export type Diagnosis = NonNullable<RunResults['diagnosis']>;
export type Slopes = NonNullable<RunResults['slopes']>;
export type TransferResults = Results['transfer'][number];
export type Directions = NonNullable<Results['directions']>;
export type Example = Results['examples'][number];

/** Results that cannot be read: of another schema or version, or damaged. */
export class ResultsError extends Error {
  override readonly name = 'ResultsError';
}

/**
 * Checks parsed JSON.
 *
 * @param json what `JSON.parse` gave
 * @param from where it came from, for the error: a path
 * @throws ResultsError that names the file, the first things wrong with it, and what to do.
 */
export function parseResults(json: unknown, from: string): Results {
  const head = z.object({ schema: z.unknown().optional(), version: z.unknown().optional() }).safeParse(json);
  if (!head.success || head.data.schema !== RESULTS_SCHEMA) {
    const got = head.success && head.data.schema !== undefined ? JSON.stringify(head.data.schema) : 'none';
    throw new ResultsError(
      `${from}: expected results of schema "${RESULTS_SCHEMA}", got ${got}; give the results.json of a facet run`,
    );
  }
  if (head.data.version !== RESULTS_VERSION) {
    const got = JSON.stringify(head.data.version) ?? 'none';
    throw new ResultsError(
      `${from}: expected version ${RESULTS_VERSION} of the results schema, got ${got}; ` +
        'read it with the facet that wrote it, or run the study again',
    );
  }
  const parsed = resultsSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const shown = parsed.error.issues.slice(0, 3).map((issue) => {
    const path = issue.path.map(String).join('.') || 'the whole';
    return `${path}: ${issue.message}`;
  });
  const more = parsed.error.issues.length - shown.length;
  throw new ResultsError(
    `${from}: not valid results: ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}; ` +
      'the file is damaged or was edited: run the study again with --resume to write it anew',
  );
}
