/** A node of the graph as its operator sees it: checked attributes, inputs with values, and errors that name it. */

import { type Activation, dimsOf, type Extents, type Value } from './activation.ts';
import { OnnxError } from './error.ts';
import type { Operation, Step } from './plan.ts';
import type { OnnxNode } from './proto.ts';
import { type Constant, constantOf, countOf, readConstant } from './tensor.ts';

/** Steps made so far, and how much may still be made. */
export interface Trace {
  readonly steps: Step[];
  /** Values that may still be made beyond those in the file: a small file must not become a large one. */
  budget: number;
}

/** Values of one image's activation, at most: no network of faces is near it. */
const MOST_VALUES = 2 ** 26;

export class NodeView {
  readonly node: OnnxNode;
  readonly trace: Trace;
  readonly #inputs: readonly (Value | undefined)[];

  constructor(node: OnnxNode, inputs: readonly (Value | undefined)[], trace: Trace) {
    this.node = node;
    this.trace = trace;
    this.#inputs = inputs;
  }

  /** An error that begins with which node it is. */
  error(problem: string): OnnxError {
    return new OnnxError(`node ${this.node.label} (${this.node.operator}): ${problem}`);
  }

  // Inputs.

  get inputCount(): number {
    return this.#inputs.length;
  }

  /** The input's value; throws where it was left out. */
  input(index: number): Value {
    const value = this.#inputs[index];
    if (!value) throw this.error(`lacks input ${index}`);
    return value;
  }

  optional(index: number): Value | undefined {
    return this.#inputs[index];
  }

  activation(index: number): Activation {
    const value = this.input(index);
    if (value.kind === 'activation') return value;
    throw this.error(`expected input ${index} to follow from the image, got a constant [${value.dims}]`);
  }

  constant(index: number): Constant {
    const value = this.input(index);
    if (value.kind === 'constant') return value;
    throw this.error(
      `expected input ${index} to be a constant, got [${dimsOf(value)}] that follows from the image`,
    );
  }

  optionalConstant(index: number): Constant | undefined {
    return this.optional(index) === undefined ? undefined : this.constant(index);
  }

  /** All inputs, if they are constants. */
  constants(): readonly Constant[] | undefined {
    const values = this.#inputs.filter((value) => value !== undefined);
    return values.every((value) => value.kind === 'constant') ? values : undefined;
  }

  // Attributes.

  integer(name: string, otherwise: number): number {
    return this.#attribute(name)?.integer ?? this.#absent(name, otherwise, 'a whole number');
  }

  float(name: string, otherwise: number): number {
    return this.#attribute(name)?.float ?? this.#absent(name, otherwise, 'a float');
  }

  text(name: string, otherwise: string): string {
    return this.#attribute(name)?.text ?? this.#absent(name, otherwise, 'a text');
  }

  /** A list of whole numbers; undefined where it is not given. */
  integers(name: string): readonly number[] | undefined {
    const attribute = this.#attribute(name);
    if (!attribute) return undefined;
    if (attribute.floats.length > 0 || attribute.float !== undefined || attribute.integer !== undefined) {
      throw this.error(`expected ${name} to be a list of whole numbers`);
    }
    return Array.from(attribute.integers);
  }

  floats(name: string): readonly number[] | undefined {
    const attribute = this.#attribute(name);
    return attribute && Array.from(attribute.floats);
  }

  tensor(name: string): Constant | undefined {
    const tensor = this.#attribute(name)?.tensor;
    return tensor && readConstant(tensor, `node ${this.node.label} (${this.node.operator}): its ${name}`);
  }

  has(name: string): boolean {
    return this.node.attributes.has(name);
  }

  /**
   * What older operator sets give as an attribute and newer ones as an input: axes, bounds. Undefined where neither is.
   */
  numbers(attribute: string, input: number): readonly number[] | undefined {
    const constant = this.optionalConstant(input);
    return constant ? Array.from(constant.data) : this.integers(attribute);
  }

  #attribute(name: string) {
    const attribute = this.node.attributes.get(name);
    if (attribute?.other) throw this.error(`its ${name} is of a kind that facet does not read`);
    return attribute;
  }

  #absent<T>(name: string, otherwise: T, expected: string): T {
    if (this.has(name)) throw this.error(`expected ${name} to be ${expected}`);
    return otherwise;
  }

  // Results.

  /** A new step; what it computes is an activation over `axes`. */
  emit(operation: Operation, extents: Extents, batch: number, axes: Activation['axes']): Activation {
    const { steps } = this.trace;
    const values = extents.h * extents.w * extents.c;
    if (!(values <= MOST_VALUES)) {
      throw this.error(`makes ${values} values of one image; that is no network of faces`);
    }
    steps.push({ operation, extents, label: `${this.node.label} (${this.node.operator})` });
    return { kind: 'activation', step: steps.length - 1, batch, extents, axes };
  }

  /** A new step whose result lies as `like` does. */
  emitLike(operation: Operation, like: Activation): Activation {
    return this.emit(operation, like.extents, like.batch, like.axes);
  }

  /** Counts values that the file does not hold; throws once they are more than any network needs. */
  spend(values: number): void {
    this.trace.budget -= values;
    if (this.trace.budget >= 0) return;
    throw this.error(`needs ${values} values that the file does not hold; that is no network of faces`);
  }

  /** A constant of `dims`, computed element by element from its place. */
  fold(dims: readonly number[], integer: boolean, value: (index: number) => number): Constant {
    const count = countOf(dims);
    this.spend(count);
    const data = new Float64Array(count);
    for (let i = 0; i < count; i++) data[i] = value(i);
    return constantOf(data, dims, integer);
  }
}

/** One operator: its attributes by name (any other is an error), and what it makes of its inputs. */
export interface Operator {
  readonly attributes?: readonly string[];
  readonly apply: (node: NodeView) => Value;
}

/** An axis counted from the end if negative. */
export function resolveAxis(node: NodeView, axis: number, rank: number): number {
  const resolved = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= rank) {
    throw node.error(`has the axis ${axis} of ${rank}`);
  }
  return resolved;
}
