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
}

/** Invented median sizes (1/255 RMS) and accuracies per defence. */
const INVENTED: Record<string, { size: number; separation: number; members: number; text: string }> = {
  single: { size: 3.8, separation: 1.9, members: 1, text: 'one network' },
  ensemble: { size: 4.3, separation: 2.1, members: 3, text: 'three independent networks' },
  adp: { size: 3.4, separation: 2.0, members: 3, text: 'three networks with diverse wrong answers' },
  shared: { size: 4.3, separation: 2.0, members: 3, text: 'three networks that share their weight vectors' },
  diverse: { size: 5.4, separation: 2.1, members: 3, text: 'shared weight vectors, features pushed apart' },
};

/** Plausible, invented results; the same for the same options. */
export function fakeResults(options: FakeOptions = {}): Results {
  const { seeds = 1, attacks = ['ifgsm'], pairs = 120 } = options;
  const names = options.defences ?? Object.keys(INVENTED);
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
      description: (INVENTED[name] ?? INVENTED.single!).text,
      settings: {
        members: (INVENTED[name] ?? INVENTED.single!).members,
        diversity: name === 'diverse' ? 1 : 0,
      },
      runs: Array.from({ length: seeds }, (_, s) => fakeRun(name, index, s + 1, attacks, pairs)),
    })),
    examples: ['single', 'diverse']
      .filter((name) => names.includes(name))
      .map((defence, i) => ({
        defence,
        seed: 1,
        attack: attacks[0] ?? 'none',
        source: { name: `person ${i} <i>`, image: fakeFace(i * 3 + 1, 0) },
        target: { name: 'person & 7', image: fakeFace(7, 0) },
        adversarial: fakeFace(i * 3 + 1, 6),
        perturbation: fakeFace(-1, 90),
        amplification: 15,
        success: true,
        iterations: 9 + i,
        l2: 1.4 + i / 3,
        linf: (4.5 + i) / 255,
        rms: (3.7 + i) / 255,
      })),
    leftOut: [],
    transfer: [],
    directions: null,
    notes: ['3 of 400 test images were damaged and left out: a/1.png, b/2.png, c/3.png.'],
  };
}

function fakeRun(
  name: string,
  index: number,
  seed: number,
  attacks: readonly string[],
  pairs: number,
): RunResults {
  const { size, separation, members } = INVENTED[name] ?? INVENTED.single!;
  const random = fakeRandom(index * 1000 + seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const n = 1200;
  const same = Uint8Array.from({ length: n }, (_, i) => (i >> 1) % 2);
  const scores = Float64Array.from(same, (s) => Math.tanh(0.1 + 0.2 * normal() + 0.2 * separation * s));
  const measured = verify(
    scores,
    same,
    Int32Array.from(same, (_, i) => i % 10),
  );
  const difficulty = Array.from({ length: pairs }, (_, i) => Math.sin(i * 12.9) * 0.5);
  const who = (i: number) => ({ source: `person ${i % 40}`, target: `person ${(i * 7 + 3) % 40} of ${i}` });
  const distances = [1, 0.8, 0.6, 0.4, 0.3, 0.2];
  return {
    seed,
    training: {
      points: Array.from({ length: 400 }, (_, step) => ({
        step,
        epoch: step / 50,
        loss: 4.1 * Math.exp(-step / (110 + 12 * index)) + 0.25 + 0.06 * Math.abs(normal()),
        accuracy: Math.min(
          1,
          Math.max(0, 0.84 - 0.82 * Math.exp(-step / (120 + 12 * index)) + 0.02 * normal()),
        ),
      })),
      finalAccuracy: name === 'adp' ? 0.76 : 0.82 + 0.01 * random(),
    },
    verification: {
      pairs: n,
      folds: 10,
      accuracy: measured.accuracy,
      deviation: measured.deviation,
      tarAtFar: measured.tarAtFar.map(({ far, tar, resolved }) => ({ far, tar, resolved })),
      eer: measured.eer,
      auc: measured.auc,
      roc: thinRoc(measured.roc),
      similarities: similarityHistogram(scores, same),
    },
    threshold: { far: 0.01, value: 0.5 + 0.02 * random(), impostors: 76_000 },
    memberCosine: members === 1 ? null : name === 'shared' ? 0.72 : name === 'diverse' ? 0.21 : 0.02,
    flipSum: null,
    rules: [
      {
        rule: 'mean',
        accuracy: measured.accuracy,
        deviation: measured.deviation,
        eer: measured.eer,
        threshold: { far: 0.01, value: 0.5, impostors: 76_000 },
      },
    ],
    snapshots: [],
    diagnosis: null,
    whiteBox: attacks.map((attack, a) => ({
      attack,
      rule: 'mean',
      settings: { step: 0.5 / 255, iterations: 100 },
      pairs: difficulty.map((d, i) => {
        const rms = (size * (1 - 0.2 * a) * Math.exp(d + 0.25 * normal())) / 255;
        const linf = Math.ceil(rms * 1.15 * 510) / 510;
        const success = random() > 0.02;
        return { ...who(i), success, iterations: Math.round(linf * 510), l2: rms * 97, linf, rms };
      }),
    })),
    blackBox:
      attacks.length === 0
        ? []
        : [
            {
              attack: 'ifgsm',
              settings: { step: 0.5 / 255, iterations: 300 },
              surrogate: { name: 'another single network', seed: 99, description: 'one network, seed 99' },
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
