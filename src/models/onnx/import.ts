/**
 * ONNX graphs of convolutional face networks as FaceNetworks: they embed and have gradients in their pixels, so they are
 * verified and attacked like our own. https://onnx.ai/onnx/
 *
 * The graph is read once: what exporters write to compute shapes is computed, NCHW becomes the engine's NHWC without
 * moving anything (activation.ts), BatchNorm and other scales and shifts fold into weights (fold.ts).
 */
import { reshape, type Tensor, transpose } from '../../engine/index.ts';
import { checkPixels, type FaceNetwork } from '../face-network.ts';
import { PREPROCESSINGS, type Preprocessing, type PreprocessingName, preprocess } from '../preprocessing.ts';
import { type Activation, STORED_AXES } from './activation.ts';
import { OnnxError } from './error.ts';
import { foldAffine } from './fold.ts';
import { planNetwork } from './network.ts';
import { readModel } from './proto.ts';
import { traceGraph } from './trace.ts';
import { fields } from './wire.ts';

export interface OnnxOptions {
  /** For messages, usually the file's name. */
  readonly label?: string;
  /**
   * What the graph takes. `auto`, the default, does as InsightFace's own loader: bytes where the graph begins by
   * subtracting and scaling (as those exported from MXNet do), else (x − 127.5)/127.5.
   */
  readonly preprocessing?: PreprocessingName | 'auto';
  /** Order of the graph's channels. Default `rgb`, InsightFace's. */
  readonly order?: 'rgb' | 'bgr';
  /** [height, width], where the graph leaves them open. Default 112×112. */
  readonly inputSize?: readonly [number, number];
}

/**
 * Whether the bytes may be an ONNX model. Writers begin with the version of the format (field 1); where one does not, all
 * must be fields, and a graph among them: text too has bytes that could be tags.
 */
export function looksLikeOnnx(bytes: Uint8Array): boolean {
  if (bytes[0] === 0x08) return bytes.length > 2;
  try {
    let hasGraph = false;
    for (const { number } of fields(bytes, 'the model')) hasGraph ||= number === 7;
    return hasGraph;
  } catch (error) {
    if (error instanceof OnnxError) return false;
    throw error;
  }
}

/**
 * The network of an ONNX file. Works in any host; files with external data are refused.
 * Throws an OnnxError that says what is wrong with the file, or names the node that facet cannot compute.
 */
export function importOnnx(bytes: Uint8Array, options: OnnxOptions = {}): FaceNetwork {
  const { label = 'ONNX model' } = options;
  try {
    return importGraph(bytes, label, options);
  } catch (cause) {
    if (!(cause instanceof OnnxError)) throw cause;
    throw new OnnxError(`${label}: ${cause.message}`, { cause });
  }
}

function importGraph(bytes: Uint8Array, label: string, options: OnnxOptions): FaceNetwork {
  const { steps, output, inputSize, standardizes } = traceGraph(readModel(bytes), options);
  const { preprocessing: wanted = 'auto', order = 'rgb' } = options;
  const standard = wanted !== 'auto' ? wanted : standardizes ? 'bytes' : '127.5';
  const preprocessing: Preprocessing = { ...PREPROCESSINGS[standard], order };
  const folded = foldAffine(steps, output.step);
  const { parameters, apply } = planNetwork(`onnx ${label}`, folded.steps, folded.output);
  const embeddingSize = STORED_AXES.reduce((product, axis) => product * output.extents[axis], 1);
  return {
    description: label,
    members: 1,
    embeddingSize,
    inputSize,
    parameters: parameters ? [parameters] : [],
    embed(pixels) {
      checkPixels(label, pixels, inputSize);
      const features = inGraphOrder(apply(preprocess(pixels, preprocessing)), output);
      return reshape(features, [1, pixels.shape[1]!, embeddingSize]);
    },
  };
}

/** Features [1, N, h, w, c] with their axes in the order that the graph gives them. */
function inGraphOrder(features: Tensor, { axes, extents }: Activation): Tensor {
  const wide = axes.flat().filter((axis) => extents[axis] > 1);
  const missing = STORED_AXES.filter((axis) => !wide.includes(axis));
  const order = [...missing, ...wide].map((axis) => STORED_AXES.indexOf(axis));
  return order.every((axis, i) => axis === i)
    ? features
    : transpose(features, [0, 1, ...order.map((axis) => axis + 2)]);
}
