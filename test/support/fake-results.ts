/**
 * FAKE results, invented to test tables, figures and the report: no network was trained and nothing here was
 * measured. Never quote them.
 */
import { zlibSync } from 'fflate';
import { similarityHistogram } from '../../src/evaluation/distribution.ts';
import { thinRoc, verify } from '../../src/evaluation/verification.ts';
import type { Results, RunResults } from '../../src/experiments/report/results.ts';

interface FakeOptions {
  readonly defences?: readonly string[];
  readonly seeds?: number;
  readonly attacks?: readonly string[];
  readonly pairs?: number;
  /** Only what a run must have: no networks along training, no diagnosis, no transfer, one matching rule, … */
  readonly bare?: boolean;
}

interface Invented {
  /** Median size, 1/255 RMS. */
  readonly size: number;
  /** Of similarities of one person and two: accuracy. */
  readonly separation: number;
  readonly members: number;
  /** Of members' features of one image, in degrees. */
  readonly between: number;
  readonly shared: boolean;
  readonly text: string;
}

const INVENTED: Readonly<Record<string, Invented>> = {
  single: { size: 3.8, separation: 1.9, members: 1, between: 0, shared: false, text: 'one network' },
  ensemble: {
    size: 4.3,
    separation: 2.1,
    members: 3,
    between: 89,
    shared: false,
    text: 'three independent networks',
  },
  adp: {
    size: 4.2,
    separation: 2.0,
    members: 3,
    between: 88,
    shared: false,
    text: 'three networks with diverse wrong answers',
  },
  advt: {
    size: 4.9,
    separation: 1.7,
    members: 1,
    between: 0,
    shared: false,
    text: 'one network, trained on adversarial images too',
  },
  shared: {
    size: 4.3,
    separation: 2.0,
    members: 3,
    between: 38,
    shared: true,
    text: 'three networks that share their weight vectors',
  },
  diverse: {
    size: 5.4,
    separation: 2.1,
    members: 3,
    between: 71,
    shared: true,
    text: 'shared weight vectors, features pushed apart',
  },
  'diverse-unshared': {
    size: 4.4,
    separation: 2.05,
    members: 3,
    between: 90,
    shared: false,
    text: 'separate weight vectors, features pushed apart',
  },
  'diverse-advt': {
    size: 6.1,
    separation: 1.8,
    members: 3,
    between: 68,
    shared: true,
    text: 'as diverse, trained on adversarial images too',
  },
};

/** Every name that has invented numbers of its own. */
export const FAKE_DEFENCES: readonly string[] = Object.keys(INVENTED);

function inventedOf(name: string): Invented {
  return INVENTED[name] ?? INVENTED.single!;
}

/** Plausible, invented results; the same for the same options. */
export function fakeResults(options: FakeOptions = {}): Results {
  const { seeds = 1, attacks = ['I-FGSM'], pairs = 120, bare = false } = options;
  const names = options.defences ?? ['single', 'ensemble', 'adp', 'shared', 'diverse'];
  return {
    schema: 'facet-results',
    version: 2,
    name: 'FAKE results for tests',
    command: `npx facet reproduce --preset tiny --defences ${names.join(',')} --seed 1`,
    date: '2020-01-02T03:04:05Z',
    durationSeconds: 3725,
    facetVersion: '0.0.0-fake',
    adapter: { name: 'Imaginary Adapter 9000', kind: 'software', driver: 'imaginary 1.2.3' },
    data: {
      train: { name: 'invented faces, seed 1', identities: 64, images: 1536, synthetic: true },
      test: { name: 'invented faces, seed 2', identities: 40, images: 400, synthetic: true },
    },
    matching: 'mean',
    settings: {
      preset: 'tiny',
      seed: 1,
      network: { width: 0.5, size: 56, embedding: 128 },
      train: { batch: 64, epochs: 8, optimiser: 'sgd', momentum: 0.9, weightDecay: 0.0005 },
      attack: { step: 0.5 / 255, iterations: 100, distances: [1, 0.8, 0.6, 0.4, 0.3, 0.2] },
      exclude: [],
    },
    defences: names.map((name, index) => ({
      name,
      description: inventedOf(name).text,
      settings: {
        members: inventedOf(name).members,
        diversity: name.startsWith('diverse') ? 1 : 0,
      },
      runs: Array.from({ length: seeds }, (_, s) => fakeRun(name, index, s + 1, attacks, pairs, bare)),
    })),
    leftOut: bare
      ? []
      : Array.from({ length: seeds * 2 }, (_, i) => ({
          seed: 1 + (i >> 1),
          ...who(1000 + i),
          acceptedBy: i % 2 === 0 ? [names[0]!] : names.slice(0, 2),
        })),
    transfer:
      bare || attacks.length === 0
        ? []
        : Array.from({ length: seeds }, (_, s) => fakeTransfer(names, s + 1, attacks[0]!, pairs)),
    directions: bare ? null : { panels: [fakePanel(false), fakePanel(true)] },
    examples: bare ? [] : names.flatMap((name) => [0, 1].map((i) => fakeExample(name, i, attacks[0]))),
    notes: ['3 of 400 test images were damaged and left out: a/1.png, b/2.png, c/3.png.'],
  };
}

function who(i: number): { source: string; target: string } {
  return { source: `person ${i % 40}`, target: `person ${(i * 7 + 3) % 40} of ${i}` };
}

function fakeExample(defence: string, i: number, attack = 'none'): Results['examples'][number] {
  return {
    defence,
    seed: 1,
    attack,
    source: { name: `person ${i} <i>`, image: fakeFace(i * 3 + 1, 0) },
    target: { name: 'person & 7', image: fakeFace(7, 0) },
    adversarial: fakeFace(i * 3 + 1, 6),
    perturbation: fakeFace(-1, 90),
    amplification: 15,
    success: i === 0,
    iterations: 9 + i,
    l2: 1.4 + i / 3,
    linf: (4.5 + i) / 255,
    rms: (3.7 + i) / 255,
  };
}

type Random = () => number;

function normalOf(random: Random): Random {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function fakeRun(
  name: string,
  index: number,
  seed: number,
  attacks: readonly string[],
  pairs: number,
  bare: boolean,
): RunResults {
  const { size, separation, members, between, shared } = inventedOf(name);
  const random = fakeRandom(index * 1000 + seed);
  const normal = normalOf(random);
  const n = 1200;
  const same = Uint8Array.from({ length: n }, (_, i) => (i >> 1) % 2);
  const scores = Float64Array.from(same, (s) => Math.tanh(0.1 + 0.2 * normal() + 0.2 * separation * s));
  const measured = verify(
    scores,
    same,
    Int32Array.from(same, (_, i) => i % 10),
  );
  const { accuracy, deviation, eer } = measured;
  const difficulty = Array.from({ length: pairs }, (_, i) => Math.sin(i * 12.9) * 0.5);
  const distances = [1, 0.8, 0.6, 0.4, 0.3, 0.2];
  const threshold = { far: 0.01, value: 0.5 + 0.02 * random(), impostors: 76_000 };
  const finalAccuracy = name === 'adp' ? 0.76 : 0.82 + 0.01 * random();
  /** One attack, of sizes around a median. */
  const attacked = (attack: string, median: number, rule: 'mean' | 'min', count: number) => ({
    attack,
    rule,
    settings: { step: 0.5 / 255, iterations: 100 },
    pairs: difficulty.slice(0, count).map((d, i) => {
      const rms = (median * Math.exp(d + 0.25 * normal())) / 255;
      const linf = Math.ceil(rms * 1.15 * 510) / 510;
      return {
        ...who(i),
        success: random() > 0.02,
        iterations: Math.round(linf * 510),
        l2: rms * 97,
        linf,
        rms,
      };
    }),
    ...(bare
      ? {}
      : { curve: Array.from({ length: 40 }, (_, s) => 1.3 * Math.exp(-s / (4 + size)) + 0.05 * random()) }),
  });
  const alone = members === 1;
  return {
    seed,
    training: {
      points: Array.from({ length: bare ? 0 : 400 }, (_, step) => ({
        step,
        epoch: step / 50,
        loss: 4.1 * Math.exp(-step / (110 + 12 * index)) + 0.25 + 0.06 * Math.abs(normal()),
        accuracy: Math.min(
          1,
          Math.max(0, 0.84 - 0.82 * Math.exp(-step / (120 + 12 * index)) + 0.02 * normal()),
        ),
      })),
      finalAccuracy,
    },
    verification: {
      pairs: n,
      folds: 10,
      accuracy,
      deviation,
      tarAtFar: measured.tarAtFar.map(({ far, tar, resolved }) => ({ far, tar, resolved })),
      eer,
      auc: measured.auc,
      roc: thinRoc(measured.roc),
      similarities: similarityHistogram(scores, same),
    },
    threshold,
    flipSum: bare ? null : { accuracy: Math.min(1, accuracy + 0.004), deviation },
    rules: (bare || alone ? (['mean'] as const) : (['mean', 'min', 'concat'] as const)).map((rule, i) => ({
      rule,
      accuracy: accuracy - 0.003 * i,
      deviation,
      eer: eer + 0.002 * i,
      threshold: { ...threshold, value: threshold.value - 0.05 * i },
    })),
    memberCosine: alone ? null : Math.cos((between * Math.PI) / 180),
    whiteBox: attacks.flatMap((attack, a) => [
      attacked(attack, size * (1 - 0.1 * a), 'mean', pairs),
      ...(bare || alone || a > 0 ? [] : [attacked(attack, size * 1.15, 'min', pairs)]),
    ]),
    blackBox:
      attacks.length === 0
        ? []
        : [
            {
              attack: attacks[0]!,
              settings: { step: 0.5 / 255, iterations: 300 },
              surrogate: {
                name: 'another single network',
                seed: 98 + seed,
                description: 'one network of other initial weights',
              },
              distances,
              distanceMeasure: 'Euclidean, of normalised features',
              pairs: difficulty.map((_, i) => ({
                ...who(i),
                success: distances.map((d) =>
                  d === 0.2 && i % 9 === 0 ? null : random() < 0.55 * Math.exp(-d * (1.4 + size / 4)),
                ),
              })),
            },
          ],
    snapshots:
      bare || attacks.length === 0
        ? []
        : [1, 2, 4, 6, 8].map((epoch, at) => {
            // Less training: less accurate, and harder to attack.
            const behind = (4 - at) / 4;
            return {
              epoch,
              step: epoch * 50,
              trainingAccuracy: finalAccuracy * (1 - 0.6 * behind),
              accuracy: accuracy - 0.12 * behind ** 1.5 - 0.01 * random() * behind,
              deviation,
              threshold,
              memberCosine: alone ? null : 0.3,
              whiteBox: attacked(attacks[0]!, size * (1 + 0.5 * behind), 'mean', Math.ceil(pairs / 2)),
            };
          }),
    diagnosis: bare
      ? null
      : {
          images: 256,
          featureToWeight: Array.from({ length: members }, (_, i) =>
            Array.from({ length: members }, (_, j) =>
              i === j || shared ? 34 + 4 * random() + (shared ? between / 4 : 0) : 88 + 3 * random(),
            ),
          ),
          featureToFeature: Array.from({ length: members }, (_, i) =>
            Array.from({ length: members }, (_, j) => (i === j ? 0 : between)),
          ),
          volume: alone ? null : Math.sin((between * Math.PI) / 180) ** 2,
        },
    slopes: bare
      ? null
      : {
          pairs,
          gap: threshold.value - 0.05,
          member: 0.9,
          joint: alone ? 0.9 : 0.6,
          cosine: alone ? null : 0.2,
          firstOrder: size * 100,
        },
  };
}

function fakeTransfer(
  names: readonly string[],
  seed: number,
  attack: string,
  pairs: number,
): Results['transfer'][number] {
  const random = fakeRandom(77 + seed);
  const shown = names.map(() => pairs - Math.floor(3 * random()));
  return {
    seed,
    attack,
    defences: [...names],
    shown,
    accepted: names.map((_, from) =>
      names.map((_, to) => Math.round(shown[from]! * (from === to ? 1 : 0.5 * random()))),
    ),
  };
}

/** Two members whose features gather around the weight vectors of five identities, shared or each its own. */
function fakePanel(shared: boolean): NonNullable<Results['directions']>['panels'][number] {
  const random = fakeRandom(shared ? 5 : 6);
  const normal = normalOf(random);
  const identities = 5;
  const images = 60;
  const turn = (member: number, identity: number) =>
    (2 * Math.PI * ((identity * (shared ? 1 : 1 + member) + 0.13 * (shared ? 0 : member)) % identities)) /
      identities +
    0.3;
  const labels = Array.from({ length: images }, (_, i) => i % identities);
  const direction = (angle: number, length: number) => [length * Math.cos(angle), length * Math.sin(angle)];
  return {
    name: shared ? 'diverse' : 'ensemble',
    title: shared ? 'shared weight vectors' : 'separate weight vectors',
    weights: Array.from({ length: shared ? 1 : 2 }, (_, m) =>
      Array.from({ length: identities }, (_, k) => direction(turn(m, k), 0.8 + 0.3 * random())),
    ),
    features: [0, 1].map((m) =>
      labels.map((k) =>
        direction(turn(m, k) + (shared ? (m - 0.5) * 0.7 : 0) + 0.13 * normal(), 20 + 6 * normal()),
      ),
    ),
    labels,
    accuracy: 0.97,
    volume: shared ? 0.58 : 0.71,
  };
}

/** A cartoon of a face as a PNG data URI: `who` picks colours, `noise` adds coloured noise; who < 0 is noise alone. */
function fakeFace(who: number, noise: number): string {
  const size = 56;
  const random = fakeRandom(who + 50);
  const tone = [200 - 20 * (who % 4), 150 - 15 * (who % 4), 120 - 10 * (who % 4)];
  const bytes = new Uint8Array(size * (size * 3 + 1));
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [u, v] = [(x - 27.5) / 20, (y - 28) / 25];
      const face = u * u + v * v < 1;
      const eye = Math.hypot(Math.abs(u) - 0.42, (v + 0.15) * 1.6) < 0.17;
      const mouth = Math.abs(v - 0.5 - 0.12 * u * u) < 0.07 && Math.abs(u) < 0.4;
      const hair = v < -0.55 - 0.05 * who && u * u + v * v < 1.2;
      for (let c = 0; c < 3; c++) {
        let value = hair
          ? 40 + 18 * c
          : eye
            ? 25
            : mouth
              ? 150 - 60 * Math.min(1, c)
              : face
                ? tone[c]!
                : 90 + 20 * c;
        if (who < 0) value = 128;
        bytes[y * (size * 3 + 1) + 1 + x * 3 + c] = Math.min(
          255,
          Math.max(0, value + noise * (random() * 2 - 1)),
        );
      }
    }
  }
  return `data:image/png;base64,${Buffer.from(pngOf(bytes, size)).toString('base64')}`;
}

function pngOf(rows: Uint8Array, size: number): Uint8Array {
  const chunk = (type: string, body: Uint8Array) => {
    const out = new Uint8Array(12 + body.length);
    const view = new DataView(out.buffer);
    view.setUint32(0, body.length);
    out.set(new TextEncoder().encode(type), 4);
    out.set(body, 8);
    view.setUint32(8 + body.length, crc(out.subarray(4, 8 + body.length)));
    return out;
  };
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, size);
  new DataView(header.buffer).setUint32(4, size);
  header.set([8, 2, 0, 0, 0], 8);
  const parts = [
    Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10),
    chunk('IHDR', header),
    chunk('IDAT', zlibSync(rows)),
    chunk('IEND', new Uint8Array(0)),
  ];
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function crc(bytes: Uint8Array): number {
  let value = ~0;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return ~value >>> 0;
}

function fakeRandom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    return ((mixed ^ (mixed >>> 13)) >>> 0) / 2 ** 32;
  };
}
