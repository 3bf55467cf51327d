import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestBrowser, type TestBrowser } from './support/browser.ts';

const PAGE = fileURLToPath(new URL('./support/double.page.ts', import.meta.url));

describe('the browser platform, in Chromium', () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await openTestBrowser();
  });
  afterAll(() => browser?.close());

  test('opens an adapter that computes', async () => {
    const result = await browser.call(PAGE, 'doubleInPage');
    expect(result).toMatchObject({ doubled: [2, 4, 6, 8] });
  });

  test('keeps texts between calls', async () => {
    expect(await browser.call(PAGE, 'keepText', 'gemm 8x4')).toEqual({ kept: 'gemm 8x4', missing: null });
  });

  test('says that a page cannot choose its driver', async () => {
    expect(await browser.call(PAGE, 'openLavapipe')).toContain("expected 'auto' or 'gpu'");
  });

  test('names what a module exports when the function asked for is missing', async () => {
    await expect(browser.call(PAGE, 'triple')).rejects.toThrow(
      /triple.*doubleInPage, keepText, openLavapipe/s,
    );
  });
});
