/**
 * Opens face networks from the bytes of files, whatever they are: facet's own checkpoints and weights, published weights.
 * The content decides, not the name. Several files are one ensemble.
 */
import { ensembleOf, type FaceNetwork } from './face-network.ts';
import { foldedNetwork } from './folded-network.ts';
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

/**
 * Opens the network in each file; several files form an ensemble. Throws a SafetensorsError or NetworkFileError that
 * names the file that cannot be opened, and a RangeError for networks of different embedding or input sizes.
 */
export function openNetwork(...files: readonly NetworkFile[]): FaceNetwork {
  const weights = files.map(openWeights);
  // One structure on one member axis costs the launches of one network.
  const joined = joinWeights(weights);
  if (joined) return foldedNetwork(joined, files.map(({ label }) => label).join(' + '));
  return ensembleOf(weights.map((network, index) => foldedNetwork(network, files[index]!.label)));
}

function openWeights({ label, bytes }: NetworkFile): NetworkWeights {
  if (isSafetensors(bytes)) return readWeights(bytes, label);
  throw new NetworkFileError(`${label}: is no file of weights that facet can read; expected safetensors`);
}

/** A header's length of 8 bytes, then the JSON object that it is the length of. */
function isSafetensors(bytes: Uint8Array): boolean {
  return bytes.length > 8 && bytes[8] === 0x7b;
}
