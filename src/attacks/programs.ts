/**
 * The programs over an attack's slots.
 *
 * `step` looks at every slot's image, records what has been reached and moves the images whose trial is not over;
 * a slot that is done stands still. So the host may submit many steps before it reads anything. `enter` puts new pairs
 * into some slots, `restart` begins a trial in some, `move` takes some slots' pairs to a smaller batch; each leaves the
 * other slots alone.
 *
 * B slots, L limits, M members, H×W pixels, E embedding size.
 */
import {
  abs,
  add,
  concat,
  type Engine,
  full,
  gather,
  gradients,
  greater,
  input,
  max,
  mul,
  type Program,
  reshape,
  select,
  sizeOf,
  slice,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  type Update,
  type Variable,
} from '../engine/index.ts';
import type { StepOutput } from './attack.ts';
import { type AttackSpec, perImage, RECORD, type Slots } from './slots.ts';

/** A norm or distance that no image can have: marks what has not been reached. */
export const NEVER = 1e30;

/**
 * What a step gives back: `reached` [L, B], `records` [L + 1, 4, B], else [B]. `value` and `distance` are before the move, as
 * are `features` [M, B, E], which there are where the spec says `watch`.
 */
export type StepReading = 'active' | 'iterations' | 'reached' | 'records' | 'value' | 'distance';

/** One step of all slots. */
export function compileStep(
  engine: Engine,
  spec: AttackSpec,
  slots: Slots,
): Promise<Program<'limits', StepReading>> {
  const { attack, objective, stopping, embed, maxSteps } = spec;
  const count = stopping.limits.length;
  return engine.compile<'limits', StepReading>({
    name: `attack.${attack.name}.step`,
    inputs: { limits: input([count]) },
    trace: ({ limits }) => {
      const images = slots.images.tensor();
      const sources = slots.sources.tensor();
      const targets = slots.targets.tensor();
      const features = embed(images);
      const distance = stopping.distance(features, targets);
      const value = attack.follows === 'distance' ? distance : objective(features, targets);
      // Pairs do not look at each other, so the gradient of the sum holds each pair's own.
      const [gradient] = gradients(sum(value), [images]);

      const within = sub(limits, attack.confidence ?? 0);
      const seen = recordSeen(slots, spec, { distance, limits: within });
      const iterations = slots.iterations.tensor();
      const moved = attack.step({
        images,
        sources,
        gradient: gradient!,
        value,
        distance,
        limit: reshape(slice(within, [count - 1], [count]), []),
        iterations,
        state: Object.fromEntries([...slots.state].map(([name, { variable }]) => [name, variable.tensor()])),
        parameters: parametersOf(spec, slots),
      });

      const arrived = attack.keep === 'first' ? row(seen.reached, count - 1) : full([slots.count], 0);
      const over = add(add(arrived, greater(iterations, maxSteps - 0.5)), moved.done ?? 0);
      const going = mul(slots.active.tensor(), sub(1, greater(over, 0.5)));
      const walked = add(iterations, going);
      return {
        outputs: {
          active: going,
          iterations: walked,
          reached: seen.reached,
          records: seen.records,
          value,
          distance,
          ...(spec.watch && { features }),
        },
        updates: [
          slots.images.assign(select(perImage(going), moved.images, images)),
          slots.active.assign(going),
          slots.iterations.assign(walked),
          ...seen.updates,
          ...stateUpdates(spec, slots, moved, going),
        ],
      };
    },
  });
}

function stateUpdates(spec: AttackSpec, slots: Slots, moved: StepOutput, going: Tensor): Update[] {
  return [...slots.state].map(([name, { kind, variable }]) => {
    const fresh = moved.state?.[name];
    if (!fresh) throw new Error(`${spec.attack.name}: its step gave no state "${name}", which it declares`);
    return variable.assign(select(kind === 'image' ? perImage(going) : going, fresh, variable.tensor()));
  });
}

function parametersOf({ attack }: AttackSpec, { parameters }: Slots): Record<string, Tensor> {
  if (!parameters) return {};
  return Object.fromEntries((attack.parameters ?? []).map((name, i) => [name, row(parameters.tensor(), i)]));
}

/** What the images reach, and which of them are better than what is recorded. */
function recordSeen(
  slots: Slots,
  { attack }: AttackSpec,
  now: { distance: Tensor; limits: Tensor },
): { reached: Tensor; records: Tensor; updates: Update[] } {
  const working = slots.active.tensor();
  const perturbation = sub(slots.images.tensor(), slots.sources.tensor());
  const size = {
    l2: sqrt(sum(square(perturbation), [0, 2, 3, 4])),
    linf: max(abs(perturbation), [0, 2, 3, 4]),
  };
  const norm = attack.norm ?? 'l2';
  const [count = 1] = slots.reached.shape;
  const pairs = slots.count;

  const before = slots.records.tensor();
  const column = (name: (typeof RECORD)[number], rows: readonly [number, number]) => {
    const at = RECORD.indexOf(name);
    return reshape(slice(before, [rows[0], at, 0], [rows[1], at + 1, pairs]), [rows[1] - rows[0], pairs]);
  };
  const reachedBefore = slots.reached.tensor();
  const within = mul(sub(1, greater(now.distance, reshape(now.limits, [count, 1]))), working);
  const smaller = mul(within, greater(column(norm, [0, count]), size[norm]));
  const better = attack.keep === 'first' ? mul(smaller, sub(1, reachedBefore)) : smaller;
  const nearer = mul(working, greater(column('distance', [count, count + 1]), now.distance));
  const take = concat([better, nearer], 0);

  const fields = [slots.iterations.tensor(), size.l2, size.linf, now.distance];
  const fresh = concat(
    fields.map((field) => reshape(field, [1, 1, pairs])),
    1,
  );
  const records = select(reshape(take, [count + 1, 1, pairs]), fresh, before);
  const reached = select(within, 1, reachedBefore);
  const updates = [slots.records.assign(records), slots.reached.assign(reached)];
  if (slots.kept) {
    const mask = reshape(take, [count + 1, pairs, 1, 1, 1]);
    updates.push(slots.kept.assign(select(mask, slots.images.tensor(), slots.kept.tensor())));
  }
  return { reached, records, updates };
}

export type EnterInput = 'replace' | 'sources' | 'targets';

/** New pairs into the slots where `replace` [B] is 1. */
export function compileEnter(
  engine: Engine,
  spec: AttackSpec,
  slots: Slots,
): Promise<Program<EnterInput, never>> {
  return engine.compile({
    name: `attack.${spec.attack.name}.enter`,
    inputs: {
      replace: input([slots.count]),
      sources: input(slots.sources.shape),
      targets: input(slots.targets.shape),
    },
    trace: ({ replace, sources, targets }) => {
      const features = reshape(replace, [1, slots.count, 1]);
      return {
        outputs: {},
        updates: [
          fill(slots.sources, perImage(replace), sources),
          fill(slots.targets, features, targets),
          fill(slots.records, replace, NEVER),
        ],
      };
    },
  });
}

export type RestartInput = 'restart' | 'starts' | 'parameters';

/** A new trial in the slots where `restart` [B] is 1, from `starts` where the attack has its own. */
export function compileRestart(
  engine: Engine,
  spec: AttackSpec,
  slots: Slots,
): Promise<Program<RestartInput, never>> {
  return engine.compile({
    name: `attack.${spec.attack.name}.restart`,
    inputs: {
      restart: input([slots.count]),
      starts: input(spec.attack.start ? slots.images.shape : [1]),
      parameters: input(slots.parameters?.shape ?? [1]),
    },
    trace: ({ restart, starts, parameters }) => ({
      outputs: {},
      updates: [
        fill(slots.images, perImage(restart), spec.attack.start ? starts : slots.sources.tensor()),
        fill(slots.active, restart, 1),
        fill(slots.iterations, restart, 0),
        fill(slots.reached, restart, 0),
        ...(slots.parameters ? [fill(slots.parameters, restart, parameters)] : []),
        ...[...slots.state.values()].map(({ kind, variable }) =>
          fill(variable, kind === 'image' ? perImage(restart) : restart, 0),
        ),
      ],
    }),
  });
}

/** Pairs of the slots `from` i32 [B'] of one batch become the slots of a smaller one of B'. */
export function compileMove(
  engine: Engine,
  spec: AttackSpec,
  large: Slots,
  small: Slots,
): Promise<Program<'from', never>> {
  const targets = small.all();
  return engine.compile({
    name: `attack.${spec.attack.name}.move`,
    inputs: { from: input([small.count], 'i32') },
    trace: ({ from }) => ({
      outputs: {},
      updates: large.all().map(({ variable, axis }, i) => {
        const lead = sizeOf(variable.shape.slice(0, axis));
        const rest = sizeOf(variable.shape.slice(axis + 1));
        const rows = gather(reshape(variable.tensor(), [lead, large.count, rest]), from);
        return targets[i]!.variable.assign(rows);
      }),
    }),
  });
}

/** `value` where the mask is 1, else what the variable holds. */
function fill(variable: Variable, mask: Tensor, value: Tensor | number): Update {
  return variable.assign(select(mask, value, variable.tensor()));
}

/** Row `index` of [rows, B] as [B]. */
function row(table: Tensor, index: number): Tensor {
  const [, width = 0] = table.shape;
  return reshape(slice(table, [index, 0], [index + 1, width]), [width]);
}
