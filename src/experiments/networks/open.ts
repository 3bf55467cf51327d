/** Networks from paths of the command line: `--weights a.safetensors --weights b.onnx`. */
import type { FaceNetwork } from '../../models/face-network.ts';
import { openNetwork } from '../../models/open-network.ts';
import { readBytes } from '../../platform/node-files.ts';

/**
 * Opens the network of each file, whatever it is; several files are one ensemble. Throws an Error that names the file
 * which is missing or holds no network, and what does not fit of an ensemble's.
 */
export async function openNetworks(paths: readonly string[]): Promise<FaceNetwork> {
  const files = [];
  for (const label of paths) files.push({ label, bytes: await readBytes(label) });
  return openNetwork(files);
}
