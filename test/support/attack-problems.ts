/** Small functions to attack: the network is the identity, so what an attack should find is known. */
import type { Objective, StoppingRule } from '../../src/attacks/attack.ts';
import { type AttackPair, AttackRunner, type AttackSpec } from '../../src/attacks/run.ts';
import {
  constant,
  type Engine,
  mul,
  neg,
  reshape,
  square,
  sub,
  sum,
  type Tensor,
} from '../../src/engine/index.ts';
import { mulberry32 } from '../../src/models/init.ts';
import type { HalfSpace, Valued } from '../oracle/attacks.ts';

/** One member whose features are the pixels: [1, N, H, W, 3] → [1, N, P]. */
export function identity(pixels: Tensor): Tensor {
  const [, n = 0, ...image] = pixels.shape;
  return reshape(pixels, [1, n, image.reduce((a, b) => a * b, 1)]);
}

/** Numbers uniform in [low, high), rounded to f32 so that engine and oracle start from the same. */
export function uniformly(length: number, seed: number, low: number, high: number): number[] {
  const random = mulberry32(seed);
  return Array.from({ length }, () => Math.fround(low + (high - low) * random()));
}

/** The pair's targets are its direction: value −direction · x per pair, to fall to −need. */
export const alongTargets: Objective = (features, targets) => neg(sum(mul(features, targets), [0, 2]));

export function halfSpaceRule(need: number): StoppingRule {
  return { name: `direction · x ≥ ${need}`, distance: alongTargets, limits: [-need] };
}

export function pairOf(name: string, { source, direction }: HalfSpace): AttackPair {
  return { name, source: Float32Array.from(source), targets: Float32Array.from(direction) };
}

/** Σ curvature (x − target)²: steps that are too long overshoot it. */
export function bowl(curvature: readonly number[]): Objective {
  const weights = constant(Float32Array.from(curvature), [1, 1, curvature.length]);
  return (features, targets) => sum(mul(square(sub(features, targets)), weights), [0, 2]);
}

export function bowlValue(curvature: readonly number[], target: readonly number[]): Valued {
  return (x) => {
    const away = x.map((v, i) => v - target[i]!);
    return {
      value: away.reduce((total, d, i) => total + curvature[i]! * d * d, 0),
      gradient: away.map((d, i) => 2 * curvature[i]! * d),
    };
  };
}

/** An attack on the identity of H×W×3 pixels, images kept. */
export function compileOnIdentity(
  engine: Engine,
  [height, width]: readonly [number, number],
  spec: Pick<AttackSpec, 'attack' | 'objective' | 'stopping' | 'batchSize' | 'maxSteps'> &
    Partial<AttackSpec>,
): Promise<AttackRunner> {
  return AttackRunner.compile(engine, {
    embed: identity,
    members: 1,
    embeddingSize: height * width * 3,
    imageSize: [height, width],
    keepImages: true,
    ...spec,
  });
}
