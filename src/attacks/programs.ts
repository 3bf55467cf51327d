/**
 * The device side of an attack: B slots, each with one pair, and two programs over them.
 *
 * `step` looks at every slot's image, records what has been reached and moves the images that have not arrived;
 * a slot that is done stands still. So the host may submit many steps before it reads anything. `refill` puts new pairs
 * into some slots and leaves the others alone.
 *
 * B slots, L limits, M members, H×W pixels, E embedding size.
 */
import {
  abs,
  add,
  type Engine,
  full,
  gradients,
  greater,
  input,
  max,
  mul,
  type Program,
  reshape,
  select,
  slice,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  type Update,
  Variable,
} from '../engine/index.ts';
import type { Attack, Objective, StateKind, StoppingRule } from './attack.ts';

export interface AttackSpec {
  readonly attack: Attack;
  readonly objective: Objective;
  readonly stopping: StoppingRule;
  /** The attacked network: pixels [1, B, H, W, 3] in [0, 1] → features [M, B, E]. */
  readonly embed: (pixels: Tensor) => Tensor;
  readonly members: number;
  readonly embeddingSize: number;
  /** [H, W] */
  readonly imageSize: readonly [number, number];
  /** Slots B. */
  readonly batchSize: number;
  /** Steps after which a pair is given up. */
  readonly maxSteps: number;
  /** Keep the adversarial images and return them. */
  readonly keepImages?: boolean;
}

/** A perturbation that no image can have: marks a limit that has not been reached. */
const NEVER = 1e30;

/** The slots' state on the device. */
export class Slots {
  readonly images: Variable;
  readonly sources: Variable;
  readonly targets: Variable;
  /** 1 where a pair is still at work, else 0: [B]. */
  readonly active: Variable;
  /** Steps taken: [B]. */
  readonly iterations: Variable;
  /** For each limit the step at which the kept image reached it, −1 before: [L, B]. */
  readonly reachedAt: Variable;
  /** Norms of the kept image's perturbation: [L, B]. */
  readonly l2: Variable;
  readonly linf: Variable;
  /** The kept images, [L, B, H, W, 3], if asked for. */
  readonly kept: Variable | undefined;
  readonly state: ReadonlyMap<string, { readonly kind: StateKind; readonly variable: Variable }>;

  constructor(spec: AttackSpec) {
    const { batchSize: slots, members, embeddingSize, imageSize, attack } = spec;
    const limits = spec.stopping.limits.length;
    const image = [1, slots, ...imageSize, 3];
    const variable = (name: string, shape: readonly number[]) =>
      new Variable({ name: `attack.${name}`, shape });
    this.images = variable('images', image);
    this.sources = variable('sources', image);
    this.targets = variable('targets', [members, slots, embeddingSize]);
    this.active = variable('active', [slots]);
    this.iterations = variable('iterations', [slots]);
    this.reachedAt = variable('reachedAt', [limits, slots]);
    this.l2 = variable('l2', [limits, slots]);
    this.linf = variable('linf', [limits, slots]);
    this.kept = spec.keepImages ? variable('kept', [limits, slots, ...imageSize, 3]) : undefined;
    this.state = new Map(
      Object.entries(attack.state ?? {}).map(([name, kind]) => [
        name,
        { kind, variable: variable(`state.${name}`, kind === 'image' ? image : [slots]) },
      ]),
    );
  }

  /** Every variable, to be freed with the programs. */
  all(): Variable[] {
    const { images, sources, targets, active, iterations, reachedAt, l2, linf, kept } = this;
    const state = [...this.state.values()].map((entry) => entry.variable);
    const fixed = [images, sources, targets, active, iterations, reachedAt, l2, linf];
    return [...fixed, ...(kept ? [kept] : []), ...state];
  }
}

/** What `step` gives back: a number per slot, or per limit and slot. */
export type StepOutput =
  | 'active'
  | 'iterations'
  | 'distance'
  | 'l2'
  | 'linf'
  | 'reachedAt'
  | 'keptL2'
  | 'keptLinf';
export type RefillInput = 'replace' | 'starts' | 'sources' | 'targets';

/** One step of all slots. */
export function compileStep(
  engine: Engine,
  spec: AttackSpec,
  slots: Slots,
): Promise<Program<'limits', StepOutput>> {
  const { attack, objective, stopping, embed, batchSize, maxSteps } = spec;
  return engine.compile({
    name: `attack.${attack.name}.step`,
    inputs: { limits: input([stopping.limits.length]) },
    trace: ({ limits }) => {
      const images = slots.images.tensor();
      const sources = slots.sources.tensor();
      const targets = slots.targets.tensor();
      const features = embed(images);
      const distance = stopping.distance(features, targets);
      const perturbation = sub(images, sources);
      const l2 = sqrt(sum(square(perturbation), [0, 2, 3, 4]));
      const linf = max(abs(perturbation), [0, 2, 3, 4]);

      const working = slots.active.tensor();
      const record = recordReached(slots, { working, distance, limits, l2, linf }, attack.keep);

      const count = stopping.limits.length;
      const arrived =
        attack.keep === 'first'
          ? greater(reshape(slice(record.reachedAt, [count - 1, 0], [count, batchSize]), [batchSize]), -0.5)
          : full([batchSize], 0);
      const exhausted = greater(slots.iterations.tensor(), maxSteps - 0.5);
      const going = mul(working, mul(sub(1, arrived), sub(1, exhausted)));

      // Pairs do not look at each other, so the gradient of the sum holds each pair's own.
      const [gradient] = gradients(sum(objective(features, targets)), [images]);
      const state = Object.fromEntries(
        [...slots.state].map(([name, entry]) => [name, entry.variable.tensor()]),
      );
      const moved = attack.step({
        images,
        sources,
        gradient: gradient!,
        iterations: slots.iterations.tensor(),
        state,
      });
      const iterations = add(slots.iterations.tensor(), going);
      const outputs: Record<StepOutput, Tensor> = {
        active: going,
        iterations,
        distance,
        l2,
        linf,
        reachedAt: record.reachedAt,
        keptL2: record.l2,
        keptLinf: record.linf,
      };
      return {
        outputs,
        updates: [
          slots.images.assign(select(perImage(going), moved.images, images)),
          slots.active.assign(going),
          slots.iterations.assign(iterations),
          ...record.updates,
          ...[...slots.state].map(([name, { kind, variable }]) => {
            const fresh = moved.state?.[name];
            if (!fresh)
              throw new Error(`${attack.name}: its step gave no state "${name}", which it declares`);
            return variable.assign(
              select(kind === 'image' ? perImage(going) : going, fresh, variable.tensor()),
            );
          }),
        ],
      };
    },
  });
}

/** Which limits the images stand within, and what of that is better than what is recorded. */
function recordReached(
  slots: Slots,
  now: { working: Tensor; distance: Tensor; limits: Tensor; l2: Tensor; linf: Tensor },
  keep: Attack['keep'],
): { reachedAt: Tensor; l2: Tensor; linf: Tensor; updates: Update[] } {
  const before = slots.reachedAt.tensor();
  const beforeL2 = slots.l2.tensor();
  const [count = 1, pairs = 1] = slots.reachedAt.shape;
  const within = sub(1, greater(now.distance, reshape(now.limits, [count, 1])));
  const better = keep === 'first' ? sub(1, greater(before, -0.5)) : greater(beforeL2, now.l2);
  const take = mul(mul(within, better), now.working);
  const reachedAt = select(take, slots.iterations.tensor(), before);
  const l2 = select(take, now.l2, beforeL2);
  const linf = select(take, now.linf, slots.linf.tensor());
  const updates = [slots.reachedAt.assign(reachedAt), slots.l2.assign(l2), slots.linf.assign(linf)];
  if (slots.kept) {
    const mask = reshape(take, [count, pairs, 1, 1, 1]);
    updates.push(slots.kept.assign(select(mask, slots.images.tensor(), slots.kept.tensor())));
  }
  return { reachedAt, l2, linf, updates };
}

/** New pairs into the slots where `replace` is 1. */
export function compileRefill(
  engine: Engine,
  spec: AttackSpec,
  slots: Slots,
): Promise<Program<RefillInput, never>> {
  return engine.compile({
    name: `attack.${spec.attack.name}.refill`,
    inputs: {
      replace: input([spec.batchSize]),
      starts: input(slots.images.shape),
      sources: input(slots.sources.shape),
      targets: input(slots.targets.shape),
    },
    trace: (inputs) => {
      const replace = inputs.replace;
      const images = perImage(replace);
      const features = reshape(replace, [1, spec.batchSize, 1]);
      const fresh = (variable: Variable, value: Tensor | number, mask: Tensor = replace) =>
        variable.assign(select(mask, value, variable.tensor()));
      return {
        outputs: {},
        updates: [
          fresh(slots.images, inputs.starts, images),
          fresh(slots.sources, inputs.sources, images),
          fresh(slots.targets, inputs.targets, features),
          fresh(slots.active, 1),
          fresh(slots.iterations, 0),
          fresh(slots.reachedAt, -1),
          fresh(slots.l2, NEVER),
          fresh(slots.linf, NEVER),
          ...[...slots.state.values()].map(({ kind, variable }) =>
            fresh(variable, 0, kind === 'image' ? images : replace),
          ),
        ],
      };
    },
  });
}

/** [B] as [1, B, 1, 1, 1], to broadcast over images. */
export function perImage(x: Tensor): Tensor {
  return reshape(x, [1, x.shape[0]!, 1, 1, 1]);
}
