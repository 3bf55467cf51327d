import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  broadcastTo,
  constant,
  type Engine,
  gradients,
  input,
  mean,
  slice,
  sum,
  type Tensor,
} from '../src/engine/index.ts';
import { adp } from '../src/losses/adp.ts';
import { arcFaceHead } from '../src/losses/arcface.ts';
import { cosFaceHead } from '../src/losses/cosface.ts';
import {
  diversity,
  FEATURE_FORMS,
  featureDiversity,
  memberCosine,
  residualDiversity,
  residualFeatures,
  tangentDiversity,
  totalLoss,
} from '../src/losses/diversity.ts';
import type { Head } from '../src/losses/head.ts';
import { softmaxHead } from '../src/losses/softmax.ts';
import { openTestEngine } from './support/device.ts';
import { expectClose, normals, numericalGradient, row } from './support/float64.ts';
import {
  adpOracle,
  arcFaceLogits,
  cosFaceLogits,
  diversityOracle,
  headLosses,
  memberCosineOracle,
  residuals,
  type Sizes,
  softmaxLogits,
} from './support/loss-oracle.ts';

const SIZES: Sizes = { members: 3, batch: 5, classes: 7, size: 9 };
const { members: M, batch: N, classes: K, size: E } = SIZES;
const EPSILON = 1e-3;

const features = normals(M * N * E, 1);
const labels = Int32Array.from({ length: N }, (_, n) => (n * 3 + 1) % K);
const separate = normals(M * K * E, 2);
const shared = normals(K * E, 3);
// One example opposite its weight vector and one almost along it, where ArcFace bends.
for (let e = 0; e < E; e++) {
  features[e] = -2 * shared[labels[0]! * E + e]! + 0.02 * e;
  separate[labels[0]! * E + e] = shared[labels[0]! * E + e]!;
}

/** Features less their member's mean over the batch. */
function centred(f: ArrayLike<number>): number[] {
  return Array.from({ length: M }, (_, m) => {
    const own = Array.from({ length: N }, (_, n) => row(f, m * N + n, E));
    const means = own[0]!.map((_, e) => own.reduce((total, v) => total + v[e]!, 0) / N);
    return own.flatMap((v) => v.map((x, e) => x - means[e]!));
  }).flat();
}

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.close());

/** Loss and gradients by features and weights of a scalar function of them. */
async function evaluate(
  weights: Float32Array,
  f: (features: Tensor, weights: Tensor, labels: Tensor) => Record<string, Tensor> & { loss: Tensor },
): Promise<Record<string, Float32Array>> {
  const program = await engine.compile({
    name: 'loss',
    inputs: {
      features: input([M, N, E]),
      weights: input([weights.length / (K * E), K, E]),
      labels: input([N], 'i32'),
    },
    trace: (inputs) => {
      const outputs = f(inputs.features!, inputs.weights!, inputs.labels!);
      const [byFeatures, byWeights] = gradients(outputs.loss, [inputs.features!, inputs.weights!]);
      return { outputs: { ...outputs, byFeatures: byFeatures!, byWeights: byWeights! }, updates: [] };
    },
  });
  const out = await program.run({ features, weights, labels }).read();
  return out as Record<string, Float32Array>;
}

describe('heads', () => {
  const heads: [string, Head, Parameters<typeof headLosses>[0]][] = [
    ['softmax', softmaxHead(), softmaxLogits],
    ['CosFace', cosFaceHead({ margin: 0.35, scale: 8 }), cosFaceLogits(0.35, 8)],
    ['ArcFace', arcFaceHead({ margin: 0.5, scale: 8 }), arcFaceLogits(0.5, 8, false)],
    [
      'ArcFace, easy margin',
      arcFaceHead({ margin: 0.5, scale: 8, easyMargin: true }),
      arcFaceLogits(0.5, 8, true),
    ],
  ];
  const frames: [string, Float32Array][] = [
    ['separate', separate],
    ['shared', shared],
  ];
  for (const [name, head, logits] of heads) {
    for (const [frame, weights] of frames) {
      it(`${name} with ${frame} weight vectors: values and gradients`, async () => {
        const out = await evaluate(weights, (f, w, y) => {
          const result = head({ features: f, weights: w, labels: y });
          return {
            loss: totalLoss(result.loss),
            losses: result.loss,
            correct: result.correct,
            scores: result.scores,
          };
        });
        const losses = headLosses(logits, SIZES, features, weights, labels);
        expectClose(out.losses!, losses, 1e-5, 'losses');
        const total = (f: ArrayLike<number>, w: ArrayLike<number>) =>
          headLosses(logits, SIZES, f, w, labels).reduce((a, b) => a + b, 0) / N;
        expect(out.loss![0]).toBeCloseTo(total(features, weights), 4);
        expectClose(
          out.byFeatures!,
          numericalGradient((f) => total(f, weights), features),
          1e-4,
          'by features',
        );
        expectClose(
          out.byWeights!,
          numericalGradient((w) => total(features, w), weights),
          1e-4,
          'by weights',
        );
        const right = Array.from({ length: M * N }, (_, i) => {
          const scores = Array.from(out.scores!.subarray(i * K, (i + 1) * K));
          return Math.max(...scores) === scores[labels[i % N]!] ? 1 : 0;
        });
        expect(Array.from(out.correct!)).toEqual(right);
      });
    }
  }

  it('shared weight vectors receive the sum of the members’ gradients', async () => {
    const copies = new Float32Array(M * K * E);
    for (let m = 0; m < M; m++) copies.set(shared, m * K * E);
    const head = softmaxHead();
    const loss = (f: Tensor, w: Tensor, y: Tensor) => ({
      loss: totalLoss(head({ features: f, weights: w, labels: y }).loss),
    });
    const each = (await evaluate(copies, loss)).byWeights!;
    const summed = Float64Array.from({ length: K * E }, (_, i) =>
      Array.from({ length: M }, (_, m) => each[m * K * E + i]!).reduce((a, b) => a + b, 0),
    );
    expectClose((await evaluate(shared, loss)).byWeights!, summed, 1e-6, 'sum over members');
  });

  it('refuses shapes that do not belong together', async () => {
    const wrong = new Float32Array(2 * K * E);
    await expect(
      evaluate(wrong, (f, w, y) => ({
        loss: sum(softmaxHead()({ features: f, weights: w, labels: y }).loss),
      })),
    ).rejects.toThrow(/softmaxHead: expected features .* \[2, 7, 9\]/);
  });
});

describe('diversity', () => {
  it('of the features: value, gradient and member cosine', async () => {
    const out = await evaluate(shared, (f) => ({ loss: diversity(f, EPSILON), cosine: memberCosine(f) }));
    const oracle = (f: ArrayLike<number>) => diversityOracle(SIZES, f, EPSILON);
    expect(out.loss![0]).toBeCloseTo(oracle(features), 4);
    expectClose(out.byFeatures!, numericalGradient(oracle, features), 1e-3, 'by features');
    expect(out.cosine![0]).toBeCloseTo(memberCosineOracle(SIZES, features), 5);
  });

  it('of the features without their component along W_y: value and both gradients', async () => {
    const out = await evaluate(shared, (f, w, y) => ({
      loss: residualDiversity({ features: f, weights: w, labels: y }, EPSILON),
    }));
    const oracle = (f: ArrayLike<number>, w: ArrayLike<number>) =>
      diversityOracle(SIZES, residuals(SIZES, f, w, labels), EPSILON);
    expect(out.loss![0]).toBeCloseTo(oracle(features, shared), 3);
    expectClose(
      out.byFeatures!,
      numericalGradient((f) => oracle(f, shared), features),
      1e-3,
      'by features',
    );
    expectClose(
      out.byWeights!,
      numericalGradient((w) => oracle(features, w), shared),
      1e-3,
      'by weights',
    );
  });

  it('of features less their means, in the tangent space at W_y: value and both gradients', async () => {
    const out = await evaluate(shared, (f, w, y) => ({
      loss: tangentDiversity({ features: f, weights: w, labels: y }, EPSILON),
    }));
    const oracle = (f: ArrayLike<number>, w: ArrayLike<number>) =>
      diversityOracle(SIZES, residuals(SIZES, centred(f), w, labels), EPSILON);
    expect(out.loss![0]).toBeCloseTo(oracle(features, shared), 3);
    const byFeatures = numericalGradient((f) => oracle(f, shared), features);
    expectClose(out.byFeatures!, byFeatures, 1e-3, 'by features');
    const byWeights = numericalGradient((w) => oracle(features, w), shared);
    expectClose(out.byWeights!, byWeights, 1e-3, 'by weights');
  });

  it('in the tangent space does not count what a member adds to all its features, the others do', async () => {
    // Members that agree but for a long vector of their own.
    const own = normals(M * E, 6).map((v) => 50 * v);
    const moved = normals(M * N * E, 7).map((_, i) => {
      const [m, n, e] = [Math.floor(i / (N * E)), Math.floor(i / E) % N, i % E];
      return features[n * E + e]! + own[m * E + e]!;
    });
    const program = await engine.compile({
      name: 'offsets',
      inputs: { f: input([M, N, E]), w: input([1, K, E]), y: input([N], 'i32') },
      trace: ({ f, w, y }) => {
        const of = (form: (typeof FEATURE_FORMS)[number]) =>
          featureDiversity(form, { features: f, weights: w, labels: y }, EPSILON);
        return { outputs: { features: of('features'), residual: of('residual'), tangent: of('tangent') } };
      },
    });
    const values = await program.run({ f: moved, w: shared, y: labels }).read();
    const least = Math.log((M + EPSILON) * EPSILON ** (M - 1));
    expect(values.features![0]).toBeGreaterThan(least + 8);
    expect(values.residual![0]).toBeGreaterThan(least + 8);
    expect(values.tangent![0]).toBeCloseTo(least, 1);
  });

  it.each(FEATURE_FORMS)('with weight vectors in chunks is the same, gradients too: %s', async (form) => {
    const whole = await evaluate(shared, (f, w, y) => ({
      loss: featureDiversity(form, { features: f, weights: w, labels: y }, EPSILON),
    }));
    const chunked = await evaluate(shared, (f, w, y) => {
      const weights = [0, 1, 4].map((start, i, starts) =>
        slice(w, [0, start, 0], [1, starts[i + 1] ?? K, E]),
      );
      return { loss: featureDiversity(form, { features: f, weights, labels: y }, EPSILON) };
    });
    expectClose(chunked.loss!, whole.loss!, 1e-6, 'value');
    expectClose(chunked.byFeatures!, whole.byFeatures!, 1e-5, 'by features');
    expectClose(chunked.byWeights!, whole.byWeights!, 1e-5, 'by weights');
  });

  it('of equal members is low and finite: log((M + ε) ε^(M−1))', async () => {
    const out = await evaluate(shared, (f) => {
      const first = mean(f, [0], { keepDims: true });
      return { loss: diversity(repeatMembers(first), EPSILON) };
    });
    expect(out.loss![0]).toBeCloseTo(Math.log((M + EPSILON) * EPSILON ** (M - 1)), 2);
    expect(out.byFeatures!.every(Number.isFinite)).toBe(true);
  });

  it('is subtracted from the sum of the members’ cross-entropies', async () => {
    const out = await evaluate(shared, (f, w, y) => {
      const { loss } = softmaxHead()({ features: f, weights: w, labels: y });
      const term = diversity(f);
      return { loss: totalLoss(loss, term, 2), plain: totalLoss(loss), term };
    });
    expect(out.loss![0]).toBeCloseTo(out.plain![0]! - 2 * out.term![0]!, 4);
  });

  it('refuses one member and weight vectors that are not shared', async () => {
    await expect(evaluate(shared, (f) => ({ loss: diversity(meanMember(f)) }))).rejects.toThrow(
      /2 to 8 members, got \[1, 5, 9\]/,
    );
    await expect(
      evaluate(separate, (f, w, y) => ({ loss: diversity(residualFeatures(f, w, y)) })),
    ).rejects.toThrow(/shared by all members/);
    await expect(
      evaluate(shared, (f, w, y) => {
        const [one, label] = [slice(f, [0, 0, 0], [M, 1, E]), slice(y, [0], [1])];
        return { loss: tangentDiversity({ features: one, weights: w, labels: label }) };
      }),
    ).rejects.toThrow(/a batch of at least 2 images, got 1/);
  });
});

describe('ADP', () => {
  const scores = normals(M * N * K, 4).map((v) => 2 * v);
  const { alpha, beta, offset } = { alpha: 2, beta: 0.5, offset: 1e-6 };
  const regularizer = (z: ArrayLike<number>) => {
    const { entropy, logDeterminant } = adpOracle(SIZES, z, labels, offset);
    return entropy.reduce((total, h, n) => total + alpha * h + beta * logDeterminant[n]!, 0) / N;
  };

  async function run(values: Float32Array): Promise<Record<string, Float32Array>> {
    const program = await engine.compile({
      name: 'adp',
      inputs: { scores: input([M, N, K]), labels: input([N], 'i32') },
      trace: (inputs) => {
        const { term, entropy, logDeterminant } = adp(inputs.scores!, inputs.labels!);
        const [slope] = gradients(term, [inputs.scores!]);
        return { outputs: { term, entropy, logDeterminant, slope: slope! }, updates: [] };
      },
    });
    return (await program.run({ scores: values, labels }).read()) as Record<string, Float32Array>;
  }

  it('entropy, log det against a direct determinant, and the gradient', async () => {
    const out = await run(scores);
    const expected = adpOracle(SIZES, scores, labels, offset);
    expectClose(out.entropy!, expected.entropy, 1e-5, 'entropy');
    expectClose(out.logDeterminant!, expected.logDeterminant, 1e-3, 'log det');
    expect(out.term![0]).toBeCloseTo(regularizer(scores), 3);
    expectClose(out.slope!, numericalGradient(regularizer, scores), 1e-3, 'gradient');
  });

  it('stays finite where every member is certain', async () => {
    const certain = scores.slice();
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) certain[(m * N + n) * K + labels[n]!] = 200;
    }
    const out = await run(certain);
    expectClose(
      out.logDeterminant!,
      adpOracle(SIZES, scores, labels, offset).logDeterminant,
      1e-3,
      'log det',
    );
    expect(out.slope!.every(Number.isFinite)).toBe(true);
  });

  it.each([2, 3, 5])(
    'plans the gradient of the scores and one N × K beside it, with %i members',
    async (members) => {
      const [batch, classes] = [4, 4096];
      const program = await engine.compile({
        name: 'adp memory',
        inputs: { scores: input([members, batch, classes]), labels: input([batch], 'i32') },
        trace: (inputs) => {
          const { term } = adp(inputs.scores!, inputs.labels!);
          const [slope] = gradients(term, [inputs.scores!]);
          return { outputs: { term, slope: slope! } };
        },
      });
      const one = 4 * batch * classes;
      expect(program.plannedBytes).toBeGreaterThanOrEqual(members * one);
      expect(program.plannedBytes).toBeLessThan((members + 1.1) * one);
      program.free();
    },
  );

  it('refuses one member and two identities', () => {
    const tensor = (shape: number[]) => constant(new Float32Array(shape.reduce((a, b) => a * b)), shape);
    const y = constant([0], [1], 'i32');
    expect(() => adp(tensor([1, 1, 5]), y)).toThrow(
      /2 to 8 members and at least 3 identities, got \[1, 1, 5\]/,
    );
    expect(() => adp(tensor([3, 1, 2]), y)).toThrow(/got \[3, 1, 2\]/);
  });
});

const meanMember = (f: Tensor) => mean(f, [0], { keepDims: true });

function repeatMembers(f: Tensor): Tensor {
  return broadcastTo(f, [M, N, E]);
}
