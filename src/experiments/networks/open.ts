/** Networks from paths of the command line: `--weights a.safetensors --weights b.onnx`. */
import { type Command, Option } from 'commander';
import type { FaceNetwork } from '../../models/face-network.ts';
import { NetworkFileError, type OpenOptions, openNetwork } from '../../models/open-network.ts';
import { PREPROCESSINGS, type PreprocessingName } from '../../models/preprocessing.ts';
import { openPath } from '../../platform/node-files.ts';
import { collect, whole } from '../numbers.ts';

/** A network of faces has megabytes; more than this is another file. */
const MOST_BYTES = 2 ** 31 - 1;

/**
 * Opens the network of each file, whatever it is; several files are one ensemble. Throws an Error that names the file
 * which is missing or holds no network, and what does not fit of an ensemble's.
 */
export async function openNetworks(
  paths: readonly string[],
  options: OpenOptions = {},
): Promise<FaceNetwork> {
  const files = [];
  for (const label of paths) files.push({ label, bytes: await readWeightsFile(label) });
  return openNetwork(files, options);
}

async function readWeightsFile(path: string): Promise<Uint8Array> {
  const opened = await openPath(path);
  if (opened.kind === 'folder') {
    throw new NetworkFileError(`${path}: is a folder; expected a file of weights (safetensors or ONNX)`);
  }
  const { source } = opened;
  try {
    if (source.size > MOST_BYTES) {
      throw new NetworkFileError(
        `${path}: has ${source.size} bytes; expected a network of faces, at most ${MOST_BYTES}`,
      );
    }
    return await source.read(0, source.size);
  } finally {
    await source.close();
  }
}

/** Options of every command that opens networks. */
export interface WeightsOptions {
  readonly weights: readonly string[];
  readonly preprocessing: PreprocessingName | 'auto';
  readonly order: 'rgb' | 'bgr';
  readonly inputSize?: number;
}

/** Adds `--weights` and what ONNX graphs do not say of themselves. */
export function addWeightsOptions(command: Command): Command {
  const names = ['auto', ...Object.keys(PREPROCESSINGS)];
  return command
    .requiredOption(
      '--weights <file>',
      'safetensors, ONNX, or a checkpoint of a run; given several times, an ensemble',
      collect,
    )
    .addOption(
      new Option('--preprocessing <name>', 'what an ONNX graph takes of a byte x (docs/weights.md)')
        .choices(names)
        .default('auto'),
    )
    .addOption(
      new Option('--order <channels>', 'in which order an ONNX graph takes the channels')
        .choices(['rgb', 'bgr'])
        .default('rgb'),
    )
    .option(
      '--input-size <pixels>',
      'side of the images, where an ONNX graph leaves it open',
      whole(1, 1024),
    );
}

/** What the options say of how to open. */
export function openOptions({ preprocessing, order, inputSize }: WeightsOptions): OpenOptions {
  return { preprocessing, order, ...(inputSize === undefined ? {} : { inputSize: [inputSize, inputSize] }) };
}

/** `--batch`: few enough to fit any adapter's memory at any size of a face. */
export function addBatchOption(command: Command): Command {
  return command.option(
    '--batch <n>',
    'images in a batch; 8 on software adapters, 64 on a GPU if not given',
    whole(1, 4096),
  );
}
