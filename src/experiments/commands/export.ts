/** `facet export`: a study's networks with what is needed to use them, small enough to ship. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { medianSize } from '../../evaluation/index.ts';
import {
  MANIFEST_FILE,
  type NetworkManifest,
  type NetworkManifestEntry,
} from '../../models/network-manifest.ts';
import { readWeights, writeWeights } from '../../models/pretrained.ts';
import { readBytes } from '../../platform/node-files.ts';
import { type DefenceResults, parseResults, type RunResults } from '../report/index.ts';

interface Options {
  readonly out: string;
  readonly full?: boolean;
}

/** Adds `facet export` to the program. */
export function registerExport(program: Command): void {
  program
    .command('export')
    .description('write the trained networks of a run, with thresholds and accuracies in manifest.json')
    .argument('<run>', 'the folder of a finished run of facet reproduce')
    .requiredOption('--out <folder>', 'where to; files of the same names are replaced')
    .option('--full', 'as F32; F16 otherwise, half the size')
    .action(exportNetworks);
}

async function exportNetworks(run: string, { out, full = false }: Options): Promise<void> {
  const path = join(run, 'results.json');
  const results = parseResults(await readJson(path), path);
  await mkdir(out, { recursive: true });
  const networks: NetworkManifestEntry[] = [];
  let inputSize = 0;
  for (const defence of results.defences) {
    // One seed stands for the defence: what is shipped is a network, not a statistic.
    const [first] = defence.runs;
    if (!first) continue;
    const source = await trainedNetwork(
      join(run, 'defences', defence.name, `seed-${first.seed}`, 'networks'),
    );
    const weights = readWeights(await readBytes(source), source);
    const bytes = writeWeights(weights, 'facet', { half: !full });
    const file = `${defence.name}.safetensors`;
    await writeFile(join(out, file), bytes);
    inputSize = [weights.options.inputSize].flat()[0] ?? inputSize;
    networks.push(describe(defence, first, { file, bytes: bytes.length, members: weights.options.members }));
    process.stdout.write(`${join(out, file)}: ${bytes.length} bytes\n`);
  }
  const manifest: NetworkManifest = {
    schema: 'facet-networks',
    version: 1,
    command: results.command,
    facetVersion: results.facetVersion,
    trainedOn: results.data.train?.name ?? 'unknown',
    testedOn: results.data.test.name,
    inputSize,
    far: results.defences[0]?.runs[0]?.threshold.far ?? 0,
    matching: results.matching,
    attack: results.defences[0]?.runs[0]?.whiteBox[0]?.attack ?? null,
    networks,
  };
  await writeFile(join(out, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
}

async function readJson(path: string): Promise<unknown> {
  const text = new TextDecoder().decode(await readBytes(path));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(
      `${path}: is not JSON (${(cause as Error).message}); let facet reproduce --resume write it again`,
      {
        cause,
      },
    );
  }
}

/** The last of the networks kept along training. */
async function trainedNetwork(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const last = names
    .filter((name) => name.endsWith('.safetensors'))
    .sort()
    .at(-1);
  if (last === undefined) {
    throw new Error(
      `${folder}: holds no trained network; give the folder of a finished run of facet reproduce`,
    );
  }
  return join(folder, last);
}

function describe(
  { name, description }: DefenceResults,
  { training, verification, threshold, whiteBox }: RunResults,
  stored: Pick<NetworkManifestEntry, 'file' | 'bytes' | 'members'>,
): NetworkManifestEntry {
  const sizes =
    whiteBox[0]?.pairs.map(({ success, rms }) => (success ? rms : Number.POSITIVE_INFINITY)) ?? [];
  const middle = sizes.length === 0 ? Number.POSITIVE_INFINITY : medianSize(sizes);
  return {
    defence: name,
    description,
    ...stored,
    epochs: Math.round(training?.points.at(-1)?.epoch ?? 0),
    accuracy: verification.accuracy,
    threshold: threshold.value,
    medianRms: Number.isFinite(middle) ? middle : null,
  };
}
