/**
 * Activations while a graph is read. ONNX lays images out as [batch, C, H, W]; the engine as [batch, H, W, C]. So an
 * activation is stored over the axes h, w and c, and each axis that the graph sees is a list of those: [c], [h], [w] for
 * an image, [c, h, w] for its flattened features, [h], [w], [c] after a transpose. Transposing, flattening and reshaping
 * only write other lists; nothing moves. Weights that look at flattened features are put in stored order instead.
 */
import { type Constant, countOf } from './tensor.ts';

export type StoredAxis = 'h' | 'w' | 'c';

/** Slowest first, as the engine has them. */
export const STORED_AXES: readonly StoredAxis[] = ['h', 'w', 'c'];

export type Extents = Readonly<Record<StoredAxis, number>>;

export interface Activation {
  readonly kind: 'activation';
  /** The step of the plan that computes it. */
  readonly step: number;
  /** The batch that the file speaks of; a network is read as a function of each image by itself. */
  readonly batch: number;
  readonly extents: Extents;
  /** For each of the graph's axes behind the batch, the stored axes that it runs through, slowest first. */
  readonly axes: readonly (readonly StoredAxis[])[];
}

export type Value = Activation | Constant;

/** An image's axes as ONNX has them. */
export const IMAGE_AXES: Activation['axes'] = [['c'], ['h'], ['w']];
export const VECTOR_AXES: Activation['axes'] = [['c']];

/** Shape as the graph sees it, the batch first. */
export function dimsOf(value: Value): readonly number[] {
  if (value.kind === 'constant') return value.dims;
  return [value.batch, ...value.axes.map((axis) => extentOf(axis, value.extents))];
}

function extentOf(axis: readonly StoredAxis[], extents: Extents): number {
  return axis.reduce((product, stored) => product * extents[stored], 1);
}

/** Whether the axes are those of an image; stored axes of one pixel may be anywhere. */
export function isImage({ axes, extents }: Activation): boolean {
  return sameAxes(axes, IMAGE_AXES, extents);
}

/** Whether there is one axis of features behind the batch. */
export function isVector({ axes }: Activation): boolean {
  return axes.length === 1;
}

function sameAxes(a: Activation['axes'], b: Activation['axes'], extents: Extents): boolean {
  const wide = (axis: readonly StoredAxis[]) => axis.filter((stored) => extents[stored] > 1).join();
  return a.length === b.length && a.every((axis, i) => wide(axis) === wide(b[i]!));
}

/** The same values under other dimensions (without the batch); undefined where an axis would have to be cut. */
export function regroup(activation: Activation, dims: readonly number[]): Activation | undefined {
  const { extents } = activation;
  const order = activation.axes.flat().filter((stored) => extents[stored] > 1);
  const axes: StoredAxis[][] = [];
  let next = 0;
  for (const extent of dims) {
    const axis: StoredAxis[] = [];
    while (extentOf(axis, extents) < extent && next < order.length) axis.push(order[next++]!);
    if (extentOf(axis, extents) !== extent) return undefined;
    axes.push(axis);
  }
  return next === order.length ? { ...activation, axes } : undefined;
}

/** Values to combine with an activation, in stored order: [h or 1, w or 1, c or 1]. */
export interface StoredValues {
  readonly shape: readonly [number, number, number];
  readonly data: Float64Array;
}

/**
 * A constant as it broadcasts over an activation, by NumPy's rules. Undefined where it does not, or would make the
 * activation larger, or tells the images of a batch apart.
 */
export function storedConstant(constant: Constant, activation: Activation): StoredValues | undefined {
  const dims = dimsOf(activation);
  const missing = dims.length - constant.dims.length;
  const own =
    missing >= 0 ? [...Array<number>(missing).fill(1), ...constant.dims] : constant.dims.slice(-missing);
  const surplus = missing >= 0 ? [] : constant.dims.slice(0, -missing);
  if (surplus.some((extent) => extent !== 1) || own[0] !== 1) return undefined;
  if (own.some((extent, i) => extent !== 1 && extent !== dims[i])) return undefined;

  const { axes, extents } = activation;
  const wide = new Set(axes.filter((_, i) => own[i + 1] !== 1).flat());
  const shape = STORED_AXES.map((stored) => (wide.has(stored) ? extents[stored] : 1)) as [
    number,
    number,
    number,
  ];
  const data = new Float64Array(countOf(shape));
  const steps = stridesInGraph(axes, own.slice(1), extents);
  let at = 0;
  for (let h = 0; h < shape[0]; h++) {
    for (let w = 0; w < shape[1]; w++) {
      for (let c = 0; c < shape[2]; c++) {
        data[at++] = constant.data[h * steps.h + w * steps.w + c * steps.c]!;
      }
    }
  }
  return { shape, data };
}

/** How far apart neighbours along each stored axis lie in a row-major tensor of the graph's axes. */
function stridesInGraph(axes: Activation['axes'], dims: readonly number[], extents: Extents): Extents {
  const strides = { h: 0, w: 0, c: 0 };
  let stride = 1;
  for (let i = axes.length - 1; i >= 0; i--) {
    if (dims[i] === 1) continue;
    for (const stored of [...axes[i]!].reverse()) {
      strides[stored] = stride;
      stride *= extents[stored];
    }
  }
  return strides;
}

/** For each feature of a vector in stored order, which feature of the graph's order it is. */
export function featureOrder(vector: Activation): ArrayLike<number> {
  const features = extentOf(vector.axes[0]!, vector.extents);
  const order = { kind: 'constant' as const, dims: [features], integer: true };
  const data = Array.from({ length: features }, (_, i) => i);
  return storedConstant({ ...order, data }, { ...vector, axes: [vector.axes[0]!] })!.data;
}

/**
 * Extents of two activations combined element by element; undefined where their axes do not lie alike.
 */
export function broadcastExtents(a: Activation, b: Activation): Extents | undefined {
  const [one, other] = [a.axes.length, b.axes.length];
  if (one !== other) return undefined;
  const extents = { h: 1, w: 1, c: 1 };
  for (let i = 0; i < one; i++) {
    const wideA = a.axes[i]!.filter((stored) => a.extents[stored] > 1);
    const wideB = b.axes[i]!.filter((stored) => b.extents[stored] > 1);
    const bothWide = wideA.length > 0 && wideB.length > 0;
    if (bothWide && wideA.join() !== wideB.join()) return undefined;
    for (const stored of bothWide || wideA.length > 0 ? wideA : wideB) {
      const extent = Math.max(a.extents[stored], b.extents[stored]);
      const fits = (own: number) => own === extent || own === 1;
      if (!fits(a.extents[stored]) || !fits(b.extents[stored])) return undefined;
      extents[stored] = extent;
    }
  }
  return extents;
}
