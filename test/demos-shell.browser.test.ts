/** What holds for every page: it loads without complaint, asks for nothing elsewhere, and can be used by everyone. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOME, PAGES } from '../src/demos/index.ts';
import { accessibilityProblems, type DemoPages, openDemoPages } from './support/demo-pages.ts';

const ADDRESSES = [
  { folder: HOME.folder, path: 'index.html' },
  ...PAGES.map(({ folder }) => ({ folder, path: `${folder}/index.html` })),
];

let pages: DemoPages;
beforeAll(async () => {
  pages = await openDemoPages();
});
afterAll(() => pages?.close());

describe.each(ADDRESSES)('$folder', ({ folder, path }) => {
  test.each([
    { colorScheme: 'light', width: 1280, height: 900 },
    { colorScheme: 'dark', width: 390, height: 844 },
  ] as const)(
    'loads without complaint, $colorScheme, $width wide',
    async ({ colorScheme, width, height }) => {
      const { page, complaints, requests } = await pages.open(path, {
        colorScheme,
        viewport: { width, height },
        reducedMotion: 'reduce',
      });
      try {
        await page.locator('h1').waitFor();
        expect(await page.locator('h1').count()).toBe(1);
        expect(await page.title()).toContain('facet');
        const overflow = await page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
        expect(overflow, 'pixels that stand out on the right').toBe(0);
        expect(await accessibilityProblems(page)).toEqual([]);
        await pages.screenshot(page, `${folder}-${colorScheme}-${width}`);
        expect(complaints).toEqual([]);
        expect(requests.filter((url) => !url.startsWith(pages.address) && !url.startsWith('blob:'))).toEqual(
          [],
        );
      } finally {
        await page.context().close();
      }
    },
  );
});

test('the policy lets no request leave the page', async () => {
  const { page, requests } = await pages.open('index.html');
  const elsewhere = 'http://127.0.0.1:9/';
  const refused = await page.evaluate(`fetch('${elsewhere}').then(() => false, () => true)`);
  expect(refused).toBe(true);
  const violations = page.evaluate(`new Promise((resolve) => {
    addEventListener('securitypolicyviolation', ({ effectiveDirective }) => resolve(effectiveDirective));
    void fetch('${elsewhere}').catch(() => {});
  })`);
  expect(await violations).toBe('connect-src');
  expect(requests).not.toContain(elsewhere);
  await page.context().close();
});

test('colours follow the system until one is chosen, and the choice lasts', async () => {
  const { page } = await pages.open('index.html', { colorScheme: 'dark' });
  const paper = () => page.evaluate('getComputedStyle(document.body).backgroundColor') as Promise<string>;
  const dark = await paper();
  await page.getByLabel('Colours').selectOption('light');
  const light = await paper();
  expect(light).not.toBe(dark);
  await page.reload();
  expect(await paper()).toBe(light);
  await page.getByLabel('Colours').selectOption('system');
  expect(await paper()).toBe(dark);
  await page.context().close();
});

test('the first thing that the keyboard reaches leads past the navigation', async () => {
  const { page } = await pages.open('index.html');
  await page.locator('h1').waitFor();
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the page');
  await page.keyboard.press('Enter');
  expect(await page.evaluate('document.activeElement.id')).toBe('main');
  await page.context().close();
});
