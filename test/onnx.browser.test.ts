/** ONNX graphs in headless Chromium: a page opens the same files. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestBrowser, type TestBrowser } from './support/browser.ts';
import { embedByOrt } from './support/onnx-compare.ts';
import { GraphBuilder, seeded } from './support/onnx-graph.ts';

const PAGE = fileURLToPath(new URL('./support/onnx.page.ts', import.meta.url));

let browser: TestBrowser;
beforeAll(async () => {
  browser = await openTestBrowser();
});
afterAll(() => browser?.close());

test('a page imports a graph and embeds as onnxruntime does in Node', async () => {
  const g = new GraphBuilder();
  const conv = g.conv('x', [4, 3, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] });
  const wide = g.add('PRelu', [g.norm(conv, 4), g.weight([4, 1, 1])]);
  const depthwise = g.conv(wide, [4, 1, 3, 3], { group: 4, pads: [1, 1, 1, 1] }, true);
  const flat = g.add('Flatten', [g.add('Add', [depthwise, wide])]);
  const bytes = g.build(g.add('Gemm', [flat, g.weight([48, 6]), g.weight([6])]));
  const pixels = seeded(2 * 7 * 6 * 3, 3, 0, 1);
  const expected = await embedByOrt(bytes, pixels, [7, 6]);
  const features = (await browser.call(
    PAGE,
    'embedInPage',
    Buffer.from(bytes).toString('base64'),
    Array.from(pixels),
  )) as number[];
  expect(features).toHaveLength(12);
  for (const [i, value] of features.entries()) expect(value).toBeCloseTo(expected[i]!, 4);
});
