/** The directions page in Chromium: that it trains, ends as the paper says, computes what Node computes, and lets go of memory. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STEPS } from '../src/demos/directions/settings.ts';
import { Engine } from '../src/engine/index.ts';
import { openAdapter } from '../src/platform/node.ts';
import { openTestBrowser } from './support/browser.ts';
import { accessibilityProblems, type DemoPages, openDemoPages } from './support/demo-pages.ts';
import { type trainInPage, trainOn } from './support/directions.page.ts';

let pages: DemoPages;
beforeAll(async () => {
  pages = await openDemoPages();
});
afterAll(() => pages?.close());

const PATIENCE = { timeout: 60_000 };
const phase = (page: Page, name: string) => page.locator(`[data-phase=${name}]`);

/** Bytes of memory that Chromium's GPU process holds: with SwiftShader, GPU memory is part of it. */
async function gpuProcessMemory(): Promise<number> {
  const session = await pages.browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const gpu = processInfo.find(({ type }) => type === 'GPU')!;
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${gpu.id}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** A panel's number, as it stands in the page. */
async function fact(page: Page, panel: number, name: RegExp): Promise<number> {
  const term = page.locator('.direction').nth(panel).locator('.facts > div').filter({ hasText: name });
  return Number.parseFloat(await term.locator('dd').innerText());
}

describe('with WebGPU', () => {
  test('trains to its end: the loss falls, and the panels end as the paper says', async () => {
    const { page, complaints } = await pages.open('directions/index.html', { reducedMotion: 'reduce' });
    await phase(page, 'paused').waitFor(PATIENCE);
    const before = await Promise.all([0, 1, 2].map((panel) => fact(page, panel, /^Loss/)));
    await page.getByRole('button', { name: 'Play' }).click();
    await phase(page, 'done').waitFor(PATIENCE);
    expect(await page.locator(`[data-step="${STEPS}"]`).count()).toBe(1);
    const at = (name: RegExp) => Promise.all([0, 1, 2].map((panel) => fact(page, panel, name)));
    for (const [panel, loss] of (await at(/^Loss/)).entries())
      expect(loss).toBeLessThan(0.2 * before[panel]!);
    for (const share of await at(/^Faces/)) expect(share).toBeGreaterThan(97);
    const [separate, shared, diverse] = (await at(/^Volume/)) as [number, number, number];
    expect(shared).toBeLessThan(0.05);
    expect(diverse).toBeGreaterThan(0.3);
    expect(separate).toBeGreaterThan(10 * shared);
    expect(await fact(page, 0, /others’ arrows/)).toBeGreaterThan(80);
    expect(await page.locator('.verdict').nth(1).innerText()).toContain(
      'whatever fools one fools the others',
    );
    await pages.screenshot(page, 'directions-trained');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('can be paused, turned and followed with the keyboard', async () => {
    const { page, complaints } = await pages.open('directions/index.html', {
      reducedMotion: 'no-preference',
    });
    await phase(page, 'playing').waitFor(PATIENCE);
    await page.getByRole('button', { name: 'Pause' }).press('Enter');
    await phase(page, 'paused').waitFor(PATIENCE);
    const step = Number(await page.locator('[data-step]').getAttribute('data-step'));
    expect(step).toBeLessThan(STEPS);

    await page.getByRole('combobox', { name: /Members/ }).selectOption('3');
    // A training that was paused is followed by one that waits.
    await page.locator('.turnable').first().waitFor(PATIENCE);
    await phase(page, 'paused').waitFor(PATIENCE);
    const sphere = page.locator('.turnable').first();
    const drawn = () => page.locator('.direction').nth(2).locator('svg').innerHTML();
    const first = await drawn();
    await sphere.press('ArrowRight');
    // All spheres turn together.
    await expect.poll(drawn).not.toBe(first);
    await sphere.press('Home');
    await expect.poll(drawn).toBe(first);

    await page.getByRole('button', { name: 'Person 2' }).press('Enter');
    await expect.poll(() => page.locator('.weight.faded').count()).toBe((3 + 1 + 1) * 5);
    expect(await accessibilityProblems(page)).toEqual([]);
    await pages.screenshot(page, 'directions-sphere');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('lets go of its memory when it is left, even in the middle: ten times', async () => {
    const { page, complaints } = await pages.open('directions/index.html', { reducedMotion: 'reduce' });
    const bytes = async () => {
      await page.locator('[data-bytes]').waitFor(PATIENCE);
      return Number(await page.locator('[data-bytes]').getAttribute('data-bytes'));
    };
    const first = await bytes();
    expect(first).toBeGreaterThan(0);
    const resident = await gpuProcessMemory();
    for (let visit = 0; visit < 10; visit++) {
      await page.getByRole('link', { name: 'Start' }).click();
      await page.locator('.cards').waitFor();
      await page.goBack();
      // While it compiles.
      await phase(page, 'preparing').waitFor(PATIENCE);
    }
    expect(await bytes()).toBe(first);
    // Ten engines with their trainings would take more than a tenth of it.
    expect(await gpuProcessMemory()).toBeLessThan(1.1 * resident);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('starts again with its settings when the device is lost, and says so', async () => {
    const { page } = await pages.open('directions/index.html', { reducedMotion: 'reduce' });
    await phase(page, 'paused').waitFor(PATIENCE);
    await page.getByLabel('Reward for differing').fill('0.5');
    await page.getByRole('button', { name: 'Play' }).click();
    await phase(page, 'playing').waitFor(PATIENCE);
    const session = await pages.browser.newBrowserCDPSession();
    // The process dies before it can answer.
    void session.send('Browser.crashGpuProcess').catch(() => undefined);
    await page
      .getByText(/The graphics device was lost .* started again with your settings/)
      .waitFor(PATIENCE);
    // What was playing plays again, from its start.
    await phase(page, 'playing').waitFor(PATIENCE);
    expect(await page.getByLabel('Reward for differing').inputValue()).toBe('0.5');
    await page.context().close();
  });
});

test('without WebGPU plays a recorded training', async () => {
  const context = await pages.browser.newContext({ reducedMotion: 'reduce' });
  await context.addInitScript('delete Navigator.prototype.gpu');
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await page.goto(`${pages.address}directions/index.html`);
  await page.getByText('this browser does not let it').waitFor();
  await page.getByText(/Recorded on .*(llvmpipe|SwiftShader|GeForce|Radeon)/i).waitFor();
  expect(await fact(page, 1, /^Volume/)).toBeLessThan(0.05);
  await page.getByLabel('Moment').fill('0');
  await expect.poll(() => fact(page, 1, /^Volume/)).toBeGreaterThan(0.3);
  await page.getByRole('combobox', { name: /Members/ }).selectOption('3');
  await page.locator('.turnable').first().waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});

describe('the same steps', () => {
  test('give the same numbers in the page and in Node', async () => {
    const steps = 10;
    const { adapter } = await openAdapter({ preference: 'swiftshader' });
    const engine = await Engine.open(adapter);
    const browser = await openTestBrowser();
    try {
      const here = await trainOn(engine, steps);
      const result = await browser.call('test/support/directions.page.ts', 'trainInPage', steps);
      const there = result as Awaited<ReturnType<typeof trainInPage>>;
      expect(there.allocatedBytes).toBe(0);
      for (const [panel, expected] of here.entries()) {
        const got = there.panels[panel]!;
        expect(got.kind).toBe(expected.kind);
        expect(Math.abs(got.loss - expected.loss)).toBeLessThan(1e-4);
        expect(Math.abs(got.volume - expected.volume)).toBeLessThan(1e-4);
        for (const what of ['features', 'weights'] as const) {
          const furthest = Math.max(...expected[what].map((value, i) => Math.abs(value - got[what][i]!)));
          expect(furthest, `${expected.kind} ${what}`).toBeLessThan(1e-4);
        }
      }
    } finally {
      await browser.close();
      engine.close();
    }
  });
});

test('the recording is small enough to load, and of the page’s own settings', () => {
  const text = readFileSync('src/demos/recorded/directions.json', 'utf8');
  expect(text.length).toBeLessThan(300_000);
  const { trainings } = JSON.parse(text);
  expect(trainings.map(({ members }: { members: number }) => members)).toEqual([2, 3]);
  for (const { snapshots } of trainings) expect(snapshots.at(-1).step).toBe(STEPS);
});
