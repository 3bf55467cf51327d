/** The kernel bench in Chromium: runs, can be stopped, gives the JSON of `facet bench --json`, and shows a recording without WebGPU. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BenchReport } from '../src/bench/index.ts';
import { GROUPS } from '../src/demos/kernel-bench/groups.ts';
import { accessibilityProblems, type DemoPages, openDemoPages } from './support/demo-pages.ts';

let pages: DemoPages;
beforeAll(async () => {
  pages = await openDemoPages();
});
afterAll(() => pages?.close());

const PATIENCE = { timeout: 60_000 };

async function choose(page: Page, titles: readonly string[]): Promise<void> {
  for (const { title } of GROUPS) {
    await page.getByRole('checkbox', { name: title }).setChecked(titles.includes(title));
  }
  await page.getByLabel('Time for each').fill('0');
}

describe('with WebGPU', () => {
  test('runs what is chosen, draws it, and gives the report as JSON', async () => {
    const { page, complaints } = await pages.open('kernel-bench/index.html', {
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    await page.getByRole('heading', { name: /swiftshader/i }).waitFor(PATIENCE);
    await page.getByText('largest buffer').waitFor();
    await choose(page, ['Depthwise convolutions']);
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByText(/^Done: 3 cases/).waitFor(PATIENCE);
    expect(await page.locator('.roofline .mark').count()).toBe(3);
    expect(await page.locator('.roofline .roof').textContent()).toMatch(/GFLOP\/s of arithmetic/);
    await page.getByRole('button', { name: 'Copy as JSON' }).click();
    await page.getByText('Copied.').waitFor();
    const report = JSON.parse(await page.evaluate('navigator.clipboard.readText()')) as BenchReport;
    expect(report.results.map(({ name }) => name)).toEqual(
      ['forward', 'dx', 'dw'].map((way) => `depthwise3x3/${way}`),
    );
    // The fields of `facet bench --json`, of which a page has no process's memory and CPU time.
    expect(Object.keys(report)).toEqual(['adapter', 'date', 'seconds', 'ceilings', 'results', 'failures']);
    for (const { rate, medianMs, memory } of report.results) {
      expect(rate.median).toBeGreaterThan(0);
      expect(medianMs).toBeGreaterThan(0);
      expect(memory.flat).toBe(true);
    }
    await pages.screenshot(page, 'kernel-bench-run');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('stops when told to, and says what it has', async () => {
    const { page, complaints } = await pages.open('kernel-bench/index.html');
    await page.getByText('largest buffer').waitFor(PATIENCE);
    await choose(page, ['Depthwise convolutions']);
    // Long enough that it is still at the first case.
    await page.getByLabel('Time for each').fill('3');
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByText(/^1 of 3: depthwise3x3\/forward/).waitFor(PATIENCE);
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText(/^Done: [01] cases/).waitFor(PATIENCE);
    expect(await page.getByRole('button', { name: 'Run' }).isEnabled()).toBe(true);
    expect(await accessibilityProblems(page)).toEqual([]);
    await choose(page, []);
    expect(await page.getByRole('button', { name: 'Run' }).isDisabled()).toBe(true);
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

test('without WebGPU shows recorded figures, and on what they were measured', async () => {
  const recorded = JSON.parse(readFileSync('src/demos/recorded/bench.json', 'utf8')) as BenchReport;
  const context = await pages.browser.newContext({ viewport: { width: 390, height: 844 } });
  await context.addInitScript('delete Navigator.prototype.gpu');
  const page = await context.newPage();
  await page.goto(`${pages.address}kernel-bench/index.html`);
  await page.getByText(`Recorded on ${recorded.adapter}`).waitFor();
  expect(await page.locator('tbody tr').count()).toBe(recorded.results.length);
  const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
  expect(await page.evaluate(overflow)).toBe(0);
  await context.close();
});
