/** The published weights against embeddings computed by PyTorch. Needs the data folder. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, input } from '../src/engine/index.ts';
import { openNetwork } from '../src/models/open-network.ts';
import { readWeights } from '../src/models/pretrained.ts';
import { readSafetensors, writeSafetensors } from '../src/models/safetensors.ts';
import { openTestEngine } from './support/device.ts';
import { dot, norm } from './support/float64.ts';

const folder = path.resolve(process.env.FACET_DATA ?? '../shared/data', 'weights');
const weights = path.join(folder, 'mobilefacenet_y1.safetensors');
const present = existsSync(weights);
if (!present) console.log(`skipped: ${weights} is absent; set FACET_DATA to the folder that holds weights/`);

const SIZE = 112;
const FORMULA = 'synthetic: v[c][y][x]=(c*79+y*131+x*17+(y*x)%251)%256, RGB';

async function pixelsOf(name: string): Promise<Float32Array> {
  if (name !== FORMULA) {
    const { data } = await sharp(path.join(folder, 'golden', name))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return Float32Array.from(data, (v) => v / 255);
  }
  const pixels = new Float32Array(SIZE * SIZE * 3);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      for (let c = 0; c < 3; c++) {
        pixels[(y * SIZE + x) * 3 + c] = ((c * 79 + y * 131 + x * 17 + ((y * x) % 251)) % 256) / 255;
      }
    }
  }
  return pixels;
}

const NETWORKS = ['mobilefacenet_y1', 'mobilefacenet_foamliu'] as const;
type Golden = Record<string, Record<(typeof NETWORKS)[number], number[]>>;

describe.skipIf(!present)('published weights', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openTestEngine();
  });
  afterAll(() => engine?.close());

  it.each(NETWORKS)('%s embeds the golden images within 1e-3 of their norm', async (network) => {
    const golden = JSON.parse(readFileSync(path.join(folder, 'golden', 'embeddings.json'), 'utf8')) as Golden;
    const names = Object.keys(golden);
    const label = `${network}.safetensors`;
    const opened = openNetwork([{ label, bytes: readFileSync(path.join(folder, label)) }]);
    expect([opened.members, opened.embeddingSize, ...opened.inputSize]).toEqual([1, 128, SIZE, SIZE]);
    const program = await engine.compile({
      name: 'embed',
      inputs: { pixels: input([1, names.length, SIZE, SIZE, 3]) },
      trace: ({ pixels }) => ({ outputs: { features: opened.embed(pixels) } }),
    });
    const pixels = new Float32Array(names.length * SIZE * SIZE * 3);
    for (const [i, name] of names.entries()) pixels.set(await pixelsOf(name), i * SIZE * SIZE * 3);
    const { features } = await program.run({ pixels }).read();
    for (const [i, name] of names.entries()) {
      const expected = golden[name]![network];
      const error = expected.map((value, e) => features[i * 128 + e]! - value);
      expect(norm(error) / norm(expected), name).toBeLessThan(1e-3);
      expect(dot(expected, expected)).toBeGreaterThan(0);
    }
    program.free();
    for (const set of opened.parameters) engine.free(set.flat);
  });

  it('name every tensor that a wrong file lacks or has too many', () => {
    const file = readSafetensors(readFileSync(weights));
    const tensors = new Map(file.tensors);
    const moved = tensors.get('conv2.bn.bias')!;
    tensors.delete('conv2.bn.bias');
    tensors.delete('blocks.14.conv.6.weight');
    tensors.set('conv9.bias', { ...moved, name: 'conv9.bias' });
    expect(() => readWeights(writeSafetensors([...tensors.values()]))).toThrow(
      /missing \(2\)[\s\S]*blocks\.14\.conv\.6\.weight[\s\S]*conv2\.bn\.bias[\s\S]*extra \(1\)[\s\S]*conv9\.bias/,
    );
  });
});
