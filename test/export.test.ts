/** `facet export`: a run's networks as files to ship. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { main } from '../src/experiments/cli.ts';
import { completeOptions } from '../src/models/mobilefacenet.ts';
import { parseNetworkManifest } from '../src/models/network-manifest.ts';
import { PREPROCESSINGS } from '../src/models/preprocessing.ts';
import { readWeights, writeWeights } from '../src/models/pretrained.ts';
import { fakeResults } from './support/fake-results.ts';
import { seededValues } from './support/mobilefacenet-onnx.ts';

const MEMBERS: Readonly<Record<string, number>> = { single: 1, diverse: 3 };
const results = fakeResults({ defences: Object.keys(MEMBERS), pairs: 9 });

function weightsOf(members: number) {
  const options = completeOptions({ inputSize: 16, widthMultiplier: 0.125, embeddingSize: 8, members });
  return { options, values: seededValues(options), preprocessing: PREPROCESSINGS['128'] };
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facet-export-'));
  await writeFile(join(folder, 'results.json'), JSON.stringify(results));
  for (const [name, members] of Object.entries(MEMBERS)) {
    const networks = join(folder, 'defences', name, `seed-${results.defences[0]!.runs[0]!.seed}`, 'networks');
    await mkdir(networks, { recursive: true });
    await writeFile(join(networks, 'epoch-001.safetensors'), 'an earlier one, not to be read');
    await writeFile(join(networks, 'epoch-002.safetensors'), writeWeights(weightsOf(members)));
  }
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

async function facet(...words: string[]): Promise<{ readonly code: number; readonly errors: string }> {
  const errors: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => errors.push(String(text)) > 0);
  try {
    return { code: await main(words), errors: errors.join('') };
  } finally {
    vi.restoreAllMocks();
  }
}

describe('facet export', () => {
  it('writes each defence’s last network as halves, and what is needed to use it', async () => {
    const out = join(folder, 'shipped');
    expect(await facet('export', folder, '--out', out)).toMatchObject({ code: 0 });
    const manifest = parseNetworkManifest(await readFile(join(out, 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({ inputSize: 16, matching: results.matching, command: results.command });
    expect(manifest.networks.map(({ defence }) => defence)).toEqual(Object.keys(MEMBERS));
    for (const [
      at,
      { defence, file, bytes, members, threshold, accuracy, medianRms },
    ] of manifest.networks.entries()) {
      const stored = await readFile(join(out, file));
      expect([bytes, members]).toEqual([stored.length, MEMBERS[defence]]);
      const [run] = results.defences[at]!.runs;
      expect([threshold, accuracy]).toEqual([run!.threshold.value, run!.verification.accuracy]);
      const sizes = run!.whiteBox[0]!.pairs.map(({ success, rms }) => (success ? rms : Infinity)).sort(
        (a, b) => a - b,
      );
      expect(medianRms).toBe(sizes[(sizes.length - 1) / 2]);
      const { values } = readWeights(stored);
      for (const [path, value] of weightsOf(members).values) {
        const read = values.get(path)!;
        // Rounding to 11 bits is off by 2^-11 of a value at most.
        expect(value.every((v, i) => Math.abs(read[i]! - v) <= Math.abs(v) * 2 ** -11 + 2 ** -25)).toBe(true);
      }
    }
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'a run without results',
      () => rm(join(folder, 'results.json')),
      /results\.json: there is nothing at this path/,
    ],
    ['results cut short', () => writeFile(join(folder, 'results.json'), '{"a'), /results\.json: is not JSON/],
    [
      'a run whose networks are gone',
      () => rm(join(folder, 'defences', 'diverse'), { recursive: true }),
      /networks: holds no trained network/,
    ],
  ])('%s', async (_, damage, message) => {
    await damage();
    const { code, errors } = await facet('export', folder, '--out', join(folder, 'shipped'));
    expect([code, errors]).toEqual([1, expect.stringMatching(message)]);
  });
});

describe('a manifest', () => {
  it.each<[string, string, RegExp]>([
    ['that is not JSON', 'no', /manifest\.json: is not JSON .* write it again with facet export/],
    ['of another version', '{"schema":"facet-networks","version":9}', /version: /],
    [
      'with a file elsewhere',
      '{"networks":[{"file":"../a.safetensors"}]}',
      /networks\.0\.file: expected the name of a \.safetensors file/,
    ],
  ])('%s', (_, text, message) => {
    expect(() => parseNetworkManifest(text)).toThrow(message);
  });
});
