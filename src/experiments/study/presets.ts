/** Settings that ship with facet, by name, and what each is for. */
import type { StudyConfig } from './config.ts';

/** One step size and one limit for the attacks that take sign steps. */
export function signSteps(stepSize: number, maxSteps: number): StudyConfig['attack']['settings'] {
  return { 'i-fgsm': { stepSize, maxSteps }, 'mi-fgsm': { stepSize, maxSteps } };
}

const tiny: StudyConfig = {
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
  defences: ['single', 'adp', 'advt', 'diverse'],
  seeds: [0],
  head: { kind: 'softmax' },
  classifier: { chunk: null, sample: 1 },
  training: {
    epochs: 5,
    batchSize: 48,
    learningRate: 0.1,
    warmupSteps: 20,
    momentum: 0.9,
    weightDecay: 5e-4,
    snapshots: 1,
    augment: 'none',
    imagesPerIdentity: null,
  },
  diversity: { weight: 1, epsilon: 1e-3, form: 'features' },
  adp: { alpha: 2, beta: 0.5 },
  advt: { weight: 1, margin: 0.2, rounds: 2, stepSize: 2 / 255, from: 0.5 },
  far: 0.01,
  matching: ['mean'],
  flipSum: false,
  attack: {
    pairs: 40,
    snapshotPairs: 20,
    batchSize: 20,
    methods: ['i-fgsm'],
    // The searches coarser than their own settings have them: all attacks on all defences are to end in half an hour.
    settings: {
      ...signSteps(0.5 / 255, 200),
      bim: { stepSize: 0.5 / 255, resolution: 1 / 255, maxSteps: 40 },
      cw: { learningRate: 0.01, searchSteps: 5, maxSteps: 80 },
    },
  },
  directions: false,
  distances: [1, 0.8, 0.6, 0.4, 0.3, 0.2],
};

/** A configuration, and what it is for. */
export const PRESETS: Readonly<Record<string, { readonly about: string; readonly config: StudyConfig }>> = {
  tiny: {
    about: 'synthetic faces, minutes on a CPU',
    config: tiny,
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
      classifier: { chunk: null, sample: 1 },
      training: {
        epochs: 8,
        batchSize: 64,
        learningRate: 0.1,
        warmupSteps: 100,
        momentum: 0.9,
        weightDecay: 5e-4,
        // The study that this preset repeats was made in PyTorch, and fits as networks do that start as its convolutions do.
        initialWeights: 'pytorch',
        snapshots: 8,
        augment: 'none',
        imagesPerIdentity: null,
      },
      diversity: { weight: 1, epsilon: 1e-3, form: 'features' },
      adp: { alpha: 2, beta: 0.5 },
      advt: { weight: 1, margin: 0.2, rounds: 5, stepSize: 2 / 255, from: 0.5 },
      far: 0.01,
      matching: ['mean', 'min', 'concat'],
      flipSum: true,
      attack: {
        pairs: 200,
        snapshotPairs: 50,
        batchSize: 32,
        methods: ['i-fgsm'],
        settings: signSteps(0.25 / 255, 400),
      },
      directions: true,
      distances: [1, 0.8, 0.6, 0.4, 0.3, 0.2],
    },
  },
  paper: {
    about: 'the paper’s networks, 112×112 and width 1: one GPU (give --train, --test and --pairs)',
    config: {
      data: {
        kind: 'synthetic',
        seed: 1,
        train: { identities: 2000, shots: 40 },
        test: { identities: 500, shots: 20, folds: 10, pairsPerFold: 600 },
      },
      inputSize: 112,
      widthMultiplier: 1,
      embeddingSize: 128,
      members: 3,
      defences: ['single', 'ensemble', 'adp', 'advt', 'shared', 'diverse'],
      seeds: [0],
      head: { kind: 'softmax' },
      classifier: { chunk: null, sample: 1 },
      training: {
        epochs: 20,
        batchSize: 256,
        learningRate: 0.1,
        warmupSteps: 500,
        momentum: 0.9,
        weightDecay: 5e-4,
        snapshots: 10,
        augment: 'standard',
        imagesPerIdentity: null,
      },
      diversity: { weight: 1, epsilon: 1e-3, form: 'features' },
      adp: { alpha: 2, beta: 0.5 },
      advt: { weight: 1, margin: 0.2, rounds: 10, stepSize: 1 / 255, from: 0.5 },
      far: 0.001,
      matching: ['mean', 'min', 'concat'],
      flipSum: true,
      attack: {
        pairs: 500,
        snapshotPairs: 100,
        batchSize: 64,
        methods: ['i-fgsm', 'bim', 'cw'],
        settings: signSteps(0.25 / 255, 400),
      },
      directions: true,
      distances: [1, 0.8, 0.6, 0.4, 0.3, 0.2],
    },
  },
  demo: {
    about: 'synthetic faces at 56×56: the networks of the in-browser demos, under an hour on a CPU',
    config: {
      ...tiny,
      data: {
        kind: 'synthetic',
        seed: 1,
        train: { identities: 240, shots: 16 },
        test: { identities: 60, shots: 10, folds: 10, pairsPerFold: 60 },
      },
      inputSize: 56,
      training: { ...tiny.training, epochs: 6, warmupSteps: 40 },
    },
  },
};
