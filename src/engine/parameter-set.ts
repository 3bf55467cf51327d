import { EngineError, ShapeError } from './errors.ts';
import { PACK_ALIGNMENT, pack } from './ops/pack.ts';
import type { Shape } from './shape.ts';
import { sameShape, showShape, sizeOf } from './shape.ts';
import type { Tensor } from './tensor.ts';
import { Variable } from './variable.ts';

export interface ParameterSpec {
  /** A name for humans: `blocks.3.depthwise.weight`. */
  readonly path: string;
  readonly shape: Shape;
  readonly initial: Float32Array;
}

export interface ParameterEntry {
  readonly path: string;
  readonly shape: Shape;
  /** First element in the flat variable. */
  readonly offset: number;
  /** Number of elements. */
  readonly length: number;
}

/**
 * Named f32 tensors that live side by side in one flat variable, so that an optimiser's step over a
 * whole network is one dispatch. Entries start at aligned offsets; the padding holds zeros.
 */
export class ParameterSet {
  readonly name: string;
  readonly flat: Variable;
  readonly layout: readonly ParameterEntry[];
  readonly #entries = new Map<string, ParameterEntry>();
  readonly #tensors = new Map<string, Tensor>();

  constructor(name: string, specs: readonly ParameterSpec[]) {
    if (specs.length === 0)
      throw new EngineError(`parameter set ${name}: expected at least one tensor, got none.`);
    this.name = name;
    let offset = 0;
    const layout: ParameterEntry[] = [];
    for (const spec of specs) {
      const length = sizeOf(spec.shape);
      if (spec.initial.length !== length) {
        throw new ShapeError(
          `${name}: ${spec.path} has shape ${showShape(spec.shape)}, so ${length} values; got ${spec.initial.length}.`,
        );
      }
      if (this.#entries.has(spec.path))
        throw new EngineError(`${name}: two tensors are called ${spec.path}.`);
      const entry = { path: spec.path, shape: spec.shape, offset, length };
      layout.push(entry);
      this.#entries.set(spec.path, entry);
      offset += Math.ceil(length / PACK_ALIGNMENT) * PACK_ALIGNMENT;
    }
    const initial = new Float32Array(offset);
    for (const [index, entry] of layout.entries()) initial.set(specs[index]!.initial, entry.offset);
    this.layout = layout;
    this.flat = new Variable({ name, shape: [offset], initial });
    for (const entry of layout) this.#tensors.set(entry.path, this.flat.view(entry.offset, entry.shape));
  }

  get paths(): string[] {
    return this.layout.map((entry) => entry.path);
  }

  has(path: string): boolean {
    return this.#entries.has(path);
  }

  /** The entry's place; throws an error that lists near names for an unknown path. */
  entry(path: string): ParameterEntry {
    const entry = this.#entries.get(path);
    if (!entry) {
      const prefix = path.split('.')[0] ?? '';
      const near = this.paths.filter((candidate) => candidate.startsWith(prefix)).slice(0, 5);
      throw new EngineError(
        `${this.name} has no tensor ${path}; it has ${this.paths.length}${near.length ? `, among them ${near.join(', ')}` : ''}.`,
      );
    }
    return entry;
  }

  shapeOf(path: string): Shape {
    return this.entry(path).shape;
  }

  /** The tensor's value when the program starts. */
  tensor(path: string): Tensor {
    this.entry(path);
    return this.#tensors.get(path)!;
  }

  tensors(): Map<string, Tensor> {
    return new Map(this.#tensors);
  }

  /** Values (gradients, statistics) laid out like `flat`; every path must be there. Shape: that of `flat`. */
  pack(values: ReadonlyMap<string, Tensor>): Tensor {
    const missing = this.paths.filter((path) => !values.has(path));
    const extra = [...values.keys()].filter((path) => !this.#entries.has(path));
    if (missing.length || extra.length) {
      throw new EngineError(
        `pack for ${this.name}: missing ${missing.join(', ') || 'none'}; unknown ${extra.join(', ') || 'none'}.`,
      );
    }
    for (const entry of this.layout) {
      const value = values.get(entry.path)!;
      if (!sameShape(value.shape, entry.shape)) {
        throw new ShapeError(
          `pack for ${this.name}: ${entry.path} is ${showShape(entry.shape)}, got ${showShape(value.shape)}.`,
        );
      }
    }
    const inputs = this.layout.map((entry) => values.get(entry.path)!);
    return pack(
      inputs,
      this.layout.map((entry) => entry.offset),
      this.flat.shape[0]!,
    );
  }

  /** A flat array in this set's layout, from values by path. */
  flatten(values: ReadonlyMap<string, Float32Array>): Float32Array {
    const flat = new Float32Array(this.flat.shape[0]!);
    for (const entry of this.layout) {
      const value = values.get(entry.path);
      if (!value) throw new EngineError(`${this.name}: no values for ${entry.path}.`);
      if (value.length !== entry.length) {
        throw new ShapeError(
          `${this.name}: ${entry.path} holds ${entry.length} values, got ${value.length}.`,
        );
      }
      flat.set(value, entry.offset);
    }
    return flat;
  }

  /** Values by path, from a flat array in this set's layout. */
  unflatten(flat: Float32Array): Map<string, Float32Array> {
    return new Map(
      this.layout.map((entry) => [entry.path, flat.slice(entry.offset, entry.offset + entry.length)]),
    );
  }
}
