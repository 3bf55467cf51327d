/** The report viewer in Chromium: a file chosen, a file dropped, bad files, and no WebGPU needed. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newDocument, parseResults, reportParts } from '../src/experiments/report/index.ts';
import { accessibilityProblems, type DemoPages, openDemoPages } from './support/demo-pages.ts';
import { fakeResults } from './support/fake-results.ts';

let pages: DemoPages;
beforeAll(async () => {
  pages = await openDemoPages();
});
afterAll(() => pages?.close());

const RESULTS = 'src/demos/recorded/results.json';

const file = (name: string, text: string) => ({
  name,
  mimeType: 'application/json',
  buffer: Buffer.from(text),
});

/** Drops a file onto the place for it, as a mouse does. */
async function drop(page: Page, name: string, text: string): Promise<void> {
  const data = await page.evaluateHandle(
    `(({ name, text }) => {
      const data = new DataTransfer();
      data.items.add(new File([text], name, { type: 'application/json' }));
      return data;
    })(${JSON.stringify({ name, text })})`,
  );
  await page.locator('.drop').dispatchEvent('drop', { dataTransfer: data });
}

test('draws the same sections and figures as the report', async () => {
  const { page, complaints, requests } = await pages.open('report-viewer/index.html');
  const text = readFileSync(RESULTS, 'utf8');
  const expected = reportParts(parseResults(JSON.parse(text), RESULTS), newDocument());
  await page.locator('input[type=file]').setInputFiles(file('results.json', text));
  await page.getByRole('heading', { name: 'Repeat it' }).waitFor();
  expect(await page.locator('.chapter > h2').allInnerTexts()).toEqual(expected.sections.map((s) => s.title));
  expect(await page.locator('#headline').innerText()).toBe(expected.headline);
  const figures = expected.sections.flatMap(({ body }) => body.match(/<figure class="chart"/g) ?? []);
  expect(await page.locator('figure.chart svg[role=img]').count()).toBe(figures.length);
  // Styles in the figures' elements are let through, and fill the place that they are given.
  const box = await page.locator('figure.chart svg[role=img]').first().boundingBox();
  expect(box!.height).toBeGreaterThan(100);
  const first = "document.querySelector('.faces img')";
  expect(await page.evaluate(`${first}.decode().then(() => ${first}.naturalWidth)`)).toBe(28);
  await pages.screenshot(page, 'report-viewer-example');
  expect(complaints).toEqual([]);
  expect(requests.filter((url) => !url.startsWith(pages.address) && !/^(blob|data):/.test(url))).toEqual([]);
  await page.context().close();
});

test('says what is wrong with a dropped file, and goes on with the next', async () => {
  const { page, complaints } = await pages.open('report-viewer/index.html');
  const alert = page.getByRole('alert');
  for (const [name, text, words] of [
    ['notes.txt', 'not JSON at all', 'notes.txt is not JSON'],
    ['package.json', '{"name": "something else"}', 'expected results of schema "facet-results"'],
    ['old.json', '{"schema": "facet-results", "version": 1}', 'expected version 2'],
  ] as const) {
    await drop(page, name, text);
    await alert.filter({ hasText: words }).waitFor();
    expect(await alert.innerText()).toContain(`${name} could not be shown`);
  }
  await pages.screenshot(page, 'report-viewer-bad-file');
  await drop(
    page,
    'results.json',
    JSON.stringify(fakeResults({ defences: ['single'], pairs: 5, bare: true })),
  );
  await page.getByText('This results.json holds no pictures').waitFor();
  expect(await alert.count()).toBe(0);
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('shows its example without WebGPU, narrow too', async () => {
  const context = await pages.browser.newContext({
    viewport: { width: 390, height: 844 },
    colorScheme: 'dark',
  });
  await context.addInitScript('delete Navigator.prototype.gpu');
  const page = await context.newPage();
  await page.goto(`${pages.address}report-viewer/index.html`);
  await page.getByRole('button', { name: 'Show an example' }).click();
  await page.getByRole('heading', { name: 'Repeat it' }).waitFor();
  await page.getByText('Showing the example').waitFor();
  const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
  expect(await page.evaluate(overflow)).toBe(0);
  expect(await accessibilityProblems(page)).toEqual([]);
  // A link of the contents leads to its section.
  await page.getByRole('link', { name: 'Training' }).click();
  expect(await page.evaluate('location.hash')).toBe('#training');
  await context.close();
});
