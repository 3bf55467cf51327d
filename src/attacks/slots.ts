/**
 * The state of an attack on the device: B slots, each with one pair. Everything that a pair needs is here, so a pair can
 * stand still while others go on, and can be moved to a smaller batch.
 *
 * B slots, L limits, M members, H×W pixels, E embedding size.
 */
import { reshape, sizeOf, type Tensor, Variable } from '../engine/index.ts';
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
  /**
   * The last pairs of a run move to smaller batches, each compiled when first needed, but to none under this; 4 where
   * absent, since smaller steps are hardly faster. The batch size itself keeps the batch as it is.
   */
  readonly smallestBatch?: number;
  /** Steps after which a trial is given up. */
  readonly maxSteps: number;
  /** Keep the adversarial images and return them. */
  readonly keepImages?: boolean;
  /** Read features back at every step, for `RunOptions.onStep`. */
  readonly watch?: boolean;
}

/** Of a batch to which the last pairs move. */
export const SMALLEST_BATCH = 4;

/** What is recorded of an image, in the order of `Slots.records`. */
export const RECORD = ['iterations', 'l2', 'linf', 'distance'] as const;

export class Slots {
  readonly images: Variable;
  readonly sources: Variable;
  readonly targets: Variable;
  /** 1 where a trial is at work, else 0: [B]. */
  readonly active: Variable;
  /** Steps taken in this trial: [B]. */
  readonly iterations: Variable;
  /** 1 where this trial has reached a limit: [L, B]. */
  readonly reached: Variable;
  /** Of the best image for each limit, and last of the nearest image of all: [L + 1, 4, B], as `RECORD` names them. */
  readonly records: Variable;
  /** Those images, [L + 1, B, H, W, 3], if asked for. */
  readonly kept: Variable | undefined;
  /** What the search chose for this trial: [parameters, B]. */
  readonly parameters: Variable | undefined;
  readonly state: ReadonlyMap<string, { readonly kind: StateKind; readonly variable: Variable }>;

  constructor(spec: AttackSpec, slots: number) {
    const { members, embeddingSize, imageSize, attack } = spec;
    const limits = spec.stopping.limits.length;
    const image = [1, slots, ...imageSize, 3];
    const variable = (name: string, shape: readonly number[]) =>
      new Variable({ name: `attack.${name}`, shape });
    this.images = variable('images', image);
    this.sources = variable('sources', image);
    this.targets = variable('targets', [members, slots, embeddingSize]);
    this.active = variable('active', [slots]);
    this.iterations = variable('iterations', [slots]);
    this.reached = variable('reached', [limits, slots]);
    this.records = variable('records', [limits + 1, RECORD.length, slots]);
    this.kept = spec.keepImages ? variable('kept', [limits + 1, slots, ...imageSize, 3]) : undefined;
    const parameters = attack.parameters?.length ?? 0;
    this.parameters = parameters ? variable('parameters', [parameters, slots]) : undefined;
    this.state = new Map(
      Object.entries(attack.state ?? {}).map(([name, kind]) => [
        name,
        { kind, variable: variable(`state.${name}`, kind === 'image' ? image : [slots]) },
      ]),
    );
  }

  get count(): number {
    return sizeOf(this.active.shape);
  }

  /** Every variable, with the axis that runs over slots. */
  all(): readonly { readonly variable: Variable; readonly axis: number }[] {
    const { images, sources, targets, active, iterations, reached, records, kept, parameters } = this;
    const numbers = [active, iterations, reached, records, ...(parameters ? [parameters] : [])];
    return [
      ...[images, sources, targets, ...(kept ? [kept] : [])].map((variable) => ({ variable, axis: 1 })),
      ...numbers.map((variable) => ({ variable, axis: variable.shape.length - 1 })),
      ...[...this.state.values()].map(({ kind, variable }) => ({ variable, axis: kind === 'image' ? 1 : 0 })),
    ];
  }
}

/** [B] as [1, B, 1, 1, 1], to broadcast over images. */
export function perImage(x: Tensor): Tensor {
  return reshape(x, [1, x.shape[0]!, 1, 1, 1]);
}
