/** The op tables and training steps in headless Chromium: the engine that pages get. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Engine } from '../src/engine/index.ts';
import { openAdapter } from '../src/platform/node.ts';
import { opCases } from './cases/index.ts';
import { openTestBrowser, type TestBrowser } from './support/browser.ts';
import { trainingLosses } from './support/ops.page.ts';

const PAGE = fileURLToPath(new URL('./support/ops.page.ts', import.meta.url));
/** Calls into the page, each with its share of the rows, so that a failure comes early and by name. */
const SHARES = 8;

describe('the engine in Chromium', () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await openTestBrowser();
  });
  afterAll(() => browser?.close());

  test.each(Array.from({ length: SHARES }, (_, share) => share))(
    'op tables, share %i',
    async (share) => {
      const { ran, failures } = (await browser.call(PAGE, 'runOpRows', share, SHARES)) as {
        ran: number;
        failures: string[];
      };
      expect(failures).toEqual([]);
      expect(ran).toBe(Math.ceil((opCases.length - share) / SHARES));
    },
    300_000,
  );

  test('five training steps lose what they lose in Node', async () => {
    const inPage = (await browser.call(PAGE, 'trainInPage', 5)) as number[];
    const { adapter } = await openAdapter({ preference: 'swiftshader' });
    const engine = await Engine.open(adapter);
    const inNode = await trainingLosses(engine, 5);
    engine.close();
    expect(inPage).toHaveLength(5);
    for (const [step, loss] of inPage.entries())
      expect(Math.abs(loss - inNode[step]!)).toBeLessThan(1e-4 * Math.abs(inNode[step]!));
  }, 300_000);
});
