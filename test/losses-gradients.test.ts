/** The diversity of the members' gradients, on networks small enough for their Jacobians to be written down. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  broadcastTo,
  type Engine,
  gradients,
  input,
  matmul,
  slice,
  type Tensor,
  tanh,
} from '../src/engine/index.ts';
import { DIVERSITY_FORMS, diversityOf } from '../src/losses/diversity-forms.ts';
import { attackGradients, gradientDiversity, jointFlatness } from '../src/losses/gradient-diversity.ts';
import { MobileFaceNet } from '../src/models/mobilefacenet.ts';
import { openTestEngine } from './support/device.ts';
import { dot, expectClose, norm, normals, numericalGradient, row } from './support/float64.ts';
import { diversityOracle } from './support/loss-oracle.ts';

/** Members, images, values of an image, hidden units, features. */
const [M, N, P, H, E] = [3, 4, 6, 5, 4];
const EPSILON = 1e-3;
const images = normals(N * P, 1);
const inner = normals(M * P * H, 2);
const outer = normals(M * H * E, 3);

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.close());

/** f_m(x) = tanh(x B_m) A_m, and its Jacobian, [E][P]. */
function member(x: readonly number[], m: number, b: ArrayLike<number>, a: ArrayLike<number>) {
  const hidden = Array.from({ length: H }, (_, h) =>
    Math.tanh(x.reduce((total, value, p) => total + value * b[(m * P + p) * H + h]!, 0)),
  );
  const features = Array.from({ length: E }, (_, e) =>
    hidden.reduce((total, value, h) => total + value * a[(m * H + h) * E + e]!, 0),
  );
  const jacobian = features.map((_, e) =>
    x.map((_value, p) =>
      hidden.reduce(
        (total, value, h) => total + a[(m * H + h) * E + e]! * (1 - value ** 2) * b[(m * P + p) * H + h]!,
        0,
      ),
    ),
  );
  return { features, jacobian };
}

/** ∇ₓ cos(f_m(x_n), t), t the unit features of the image half a batch on as (b, a) make them: [M, N, P]. */
function slopesOracle(b: ArrayLike<number>, a: ArrayLike<number>): number[] {
  const out: number[] = [];
  for (let m = 0; m < M; m++) {
    for (let n = 0; n < N; n++) {
      const { features: f, jacobian } = member(row(images, n, P), m, b, a);
      const t = member(row(images, (n + N / 2) % N, P), m, b, a).features;
      const [length, other] = [norm(f), norm(t)];
      const cosine = dot(f, t) / length / other;
      const byFeatures = f.map((value, e) => (t[e]! / other - (cosine * value) / length) / length);
      for (let p = 0; p < P; p++)
        out.push(jacobian.reduce((total, slope, e) => total + slope[p]! * byFeatures[e]!, 0));
    }
  }
  return out;
}

function network(x: Tensor, b: Tensor, a: Tensor): Tensor {
  return matmul(tanh(matmul(x, b)), a);
}

describe('diversity of gradients', () => {
  it('has the gradients of the attack’s first step, value and parameter gradients of the oracle', async () => {
    const program = await engine.compile({
      name: 'gradient diversity',
      inputs: { x: input([1, N, P]), b: input([M, P, H]), a: input([M, H, E]) },
      trace: ({ x, b, a }) => {
        const own = broadcastTo(x!, [M, N, P]);
        const features = network(own, b!, a!);
        const value = gradientDiversity(features, own, EPSILON);
        const [byInner, byOuter] = gradients(value, [b!, a!]);
        return {
          outputs: { value, slopes: attackGradients(features, own), byInner: byInner!, byOuter: byOuter! },
        };
      },
    });
    const out = await program.run({ x: images, b: inner, a: outer }).read();
    const sizes = { members: M, batch: N, classes: 1, size: P };
    const oracle = (b: ArrayLike<number>, a: ArrayLike<number>) =>
      diversityOracle(sizes, slopesOracle(b, a), EPSILON);
    expectClose(out.slopes!, slopesOracle(inner, outer), 1e-4, 'slopes');
    expect(out.value![0]).toBeCloseTo(oracle(inner, outer), 3);
    const byInner = numericalGradient((b) => oracle(b, outer), inner);
    expectClose(out.byInner!, byInner, 2e-3, 'by inner weights');
    const byOuter = numericalGradient((a) => oracle(inner, a), outer);
    expectClose(out.byOuter!, byOuter, 2e-3, 'by outer weights');
    program.free();
  });

  it('joint flatness: value and parameter gradients of the oracle', async () => {
    const program = await engine.compile({
      name: 'joint flatness',
      inputs: { x: input([1, N, P]), b: input([M, P, H]), a: input([M, H, E]) },
      trace: ({ x, b, a }) => {
        const own = broadcastTo(x!, [M, N, P]);
        const value = jointFlatness(network(own, b!, a!), own, EPSILON);
        const [byInner, byOuter] = gradients(value, [b!, a!]);
        return { outputs: { value, byInner: byInner!, byOuter: byOuter! } };
      },
    });
    const out = await program.run({ x: images, b: inner, a: outer }).read();
    const oracle = (b: ArrayLike<number>, a: ArrayLike<number>) => {
      const slopes = slopesOracle(b, a);
      let total = 0;
      for (let n = 0; n < N; n++) {
        const joint = Array.from({ length: P }, (_, p) => {
          let sum = 0;
          for (let m = 0; m < M; m++) sum += slopes[(m * N + n) * P + p]! / M;
          return sum;
        });
        total -= Math.log(dot(joint, joint) + EPSILON) / 2;
      }
      return total / N;
    };
    expect(out.value![0]).toBeCloseTo(oracle(inner, outer), 4);
    const byInner = numericalGradient((b) => oracle(b, outer), inner);
    expectClose(out.byInner!, byInner, 1e-3, 'by inner weights');
    const byOuter = numericalGradient((a) => oracle(inner, a), outer);
    expectClose(out.byOuter!, byOuter, 1e-3, 'by outer weights');
    program.free();
  });

  it('of images behind the batch knows nothing', async () => {
    const more = normals(2 * P, 4);
    const program = await engine.compile({
      name: 'images behind',
      inputs: { x: input([1, N + 2, P]), b: input([M, P, H]), a: input([M, H, E]) },
      trace: ({ x, b, a }) => {
        const own = broadcastTo(x!, [M, N + 2, P]);
        const features = slice(network(own, b!, a!), [0, 0, 0], [M, N, E]);
        return { outputs: { slopes: attackGradients(features, own) } };
      },
    });
    const { slopes } = await program
      .run({ x: Float32Array.of(...images, ...more), b: inner, a: outer })
      .read();
    expectClose(slopes!, slopesOracle(inner, outer), 1e-4, 'slopes');
    program.free();
  });

  it('refuses images that the members share', async () => {
    const wrong = engine.compile({
      name: 'shared images',
      inputs: {
        x: input([1, N, P]),
        b: input([M, P, H]),
        a: input([M, H, E]),
        w: input([1, 2, E]),
        y: input([N], 'i32'),
      },
      trace: ({ x, b, a, w, y }) => ({
        outputs: {
          value: diversityOf('gradients', {
            features: network(x!, b!, a!),
            weights: w!,
            labels: y!,
            images: x!,
          }),
        },
      }),
    });
    await expect(wrong).rejects.toThrow(
      /attackGradients: expected images .* apart for each member.* got \[1, 4, 6\]/,
    );
    expect(DIVERSITY_FORMS).toContain('gradients');
  });

  it('through a MobileFaceNet in training, its slope is what the value does along a step', async () => {
    const [size, batch] = [16, 6];
    const options = { members: 2, inputSize: size, widthMultiplier: 0.125, embeddingSize: 8, seed: 3 };
    const drawn = new MobileFaceNet(options).parameters;
    // With slopes of 1 the gradient has no jumps, over which a difference would say nothing.
    const slopes = drawn.layout.filter(({ path }) => path.endsWith('.slope'));
    const straight = new Map(slopes.map(({ path, length }) => [path, new Float32Array(length).fill(1)]));
    const net = new MobileFaceNet(options, straight);
    const { flat } = net.parameters;
    const pixels = normals(batch * size * size * 3, 5).map((v) => v / 2);
    const program = await engine.compile({
      name: 'network gradient diversity',
      inputs: { x: input([1, batch, size, size, 3]) },
      trace: ({ x }) => {
        const own = broadcastTo(x!, [2, batch, size, size, 3]);
        const value = gradientDiversity(net.forward(own, 'train').features, own, EPSILON);
        const { paths } = net.parameters;
        const parts = gradients(
          value,
          paths.map((path) => net.parameters.tensor(path)),
        );
        const slope = net.parameters.pack(new Map(paths.map((path, i) => [path, parts[i]!])));
        return { outputs: { value, slope } };
      },
    });
    const start = await engine.read(flat);
    const { value, slope } = await program.run({ x: pixels }).read();
    // Along the slope itself, where the value changes most.
    const length = norm(slope!);
    const at = async (step: number) => {
      engine.write(
        flat,
        start.map((v, i) => v + (step * slope![i]!) / length),
      );
      return (await program.run({ x: pixels }).read('value')).value[0]!;
    };
    const h = 2e-3;
    const measured = ((await at(h)) - (await at(-h))) / (2 * h);
    expect(Number.isFinite(value![0])).toBe(true);
    expect(measured / length).toBeCloseTo(1, 2);
    engine.write(flat, start);
    program.free();
    for (const set of [net.parameters, net.statistics]) engine.free(set.flat);
  });
});
