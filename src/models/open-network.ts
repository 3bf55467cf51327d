/**
 * Opens face networks from the bytes of files, whatever they are: facet's own checkpoints and weights, published weights,
 * ONNX graphs. The content decides, not the name. Several files are one ensemble.
 */
import { ensembleOf, type FaceNetwork } from './face-network.ts';
import { foldedNetwork } from './folded-network.ts';
import { importOnnx, looksLikeOnnx, type OnnxOptions } from './onnx/import.ts';
import { joinWeights, type NetworkWeights, readWeights } from './pretrained.ts';

/** A file's content, and what messages call it: usually its path. */
export interface NetworkFile {
  readonly label: string;
  readonly bytes: Uint8Array;
}

/** A file that holds no network that facet can open. */
export class NetworkFileError extends Error {
  override readonly name = 'NetworkFileError';
}

/** How ONNX graphs are taken; weights under names that facet knows say it themselves. */
export type OpenOptions = Omit<OnnxOptions, 'label'>;

type Opened =
  | { readonly kind: 'weights'; readonly label: string; readonly weights: NetworkWeights }
  | { readonly kind: 'network'; readonly label: string; readonly network: FaceNetwork };

/**
 * Opens the network in each file; several files form an ensemble. Throws a SafetensorsError, OnnxError or
 * NetworkFileError that names the file that cannot be opened, and a RangeError for networks of different embedding or
 * input sizes, and for no file.
 */
export function openNetwork(files: readonly NetworkFile[], options: OpenOptions = {}): FaceNetwork {
  const opened = files.map((file) => open(file, options));
  const weights = opened.flatMap((each) => (each.kind === 'weights' ? [each.weights] : []));
  // One structure on one member axis costs the launches of one network.
  const joined = weights.length === opened.length ? joinWeights(weights) : undefined;
  if (joined) return foldedNetwork(joined, opened.map(({ label }) => label).join(' + '));
  return ensembleOf(
    opened.map((each) => (each.kind === 'network' ? each.network : foldedNetwork(each.weights, each.label))),
  );
}

function open({ label, bytes }: NetworkFile, options: OpenOptions): Opened {
  if (isSafetensors(bytes)) return { kind: 'weights', label, weights: readWeights(bytes, label) };
  if (looksLikeOnnx(bytes)) {
    return { kind: 'network', label, network: importOnnx(bytes, { ...options, label }) };
  }
  throw new NetworkFileError(
    `${label}: is no file of weights that facet reads${guess(bytes)}; expected safetensors or an ONNX model`,
  );
}

/** A header's length of 8 bytes, then the JSON object that it is the length of. */
function isSafetensors(bytes: Uint8Array): boolean {
  return bytes.length > 8 && bytes[8] === 0x7b;
}

/** What else the file may be, and what to do then. */
function guess(bytes: Uint8Array): string {
  const starts = (...magic: number[]) => magic.every((byte, i) => bytes[i] === byte);
  if (bytes.length === 0) return ' (it is empty)';
  const torch =
    ' (it looks like PyTorch’s: save its state_dict with safetensors.torch.save_file, or export it to ONNX)';
  if (starts(0x50, 0x4b, 3, 4) || starts(0x80, 2)) return torch;
  if (starts(0x89, 0x48, 0x44, 0x46)) return ' (it looks like HDF5: export the model to ONNX)';
  if (String.fromCharCode(...bytes.subarray(4, 8)) === 'TFL3')
    return ' (it looks like TensorFlow Lite: export the model to ONNX)';
  return '';
}
