/** `facet convert`: weights of a MobileFaceNet under other names, for PyTorch or for a file without a training's rest. */
import { writeFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { memberWeights, type Naming, readWeights, writeWeights } from '../../models/pretrained.ts';
import { readBytes } from '../../platform/node-files.ts';
import { whole } from '../numbers.ts';

interface Options {
  readonly weights: string;
  readonly out: string;
  readonly names: Naming;
  readonly member?: number;
  readonly half?: boolean;
}

const NAMINGS: readonly Naming[] = ['facet', 'y1', 'foamliu'];

/** Adds `facet convert` to the program. */
export function registerConvert(program: Command): void {
  program
    .command('convert')
    .description('write a network’s weights under own or PyTorch-style names (docs/weights.md)')
    .requiredOption('--weights <file>', 'safetensors of a MobileFaceNet, or a checkpoint of a run')
    .requiredOption('--out <file>', 'the safetensors to write')
    .addOption(
      new Option('--names <naming>', 'whose names the tensors get').choices(NAMINGS).default('facet'),
    )
    .option('--member <n>', 'only this network of an ensemble, from 0', whole(0))
    .option('--half', 'as F16: half the size')
    .action(convert);
}

async function convert({ weights, out, names, member, half }: Options): Promise<void> {
  const all = readWeights(await readBytes(weights), weights);
  const chosen = member === undefined ? all : memberWeights(all, member);
  const bytes = writeWeights(chosen, names, half === undefined ? {} : { half });
  try {
    await writeFile(out, bytes, { flag: 'wx' });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const reason = code === 'EEXIST' ? 'is there already; remove it or choose another path' : String(cause);
    throw new Error(`${out}: ${reason}`, { cause });
  }
  const { members, embeddingSize } = chosen.options;
  process.stdout.write(
    `${out}: ${members === 1 ? 'one network' : `${members} networks`}, ${embeddingSize} features, names of ${names}, ${bytes.length} bytes\n`,
  );
}
