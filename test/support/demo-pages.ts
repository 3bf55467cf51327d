/**
 * The pages of src/demos in Chromium: built afresh into a folder of their own, served on loopback by what `facet demo` serves
 * with. Every page that is opened keeps what it logged and asked for. Screenshots go to test-artefacts/.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { buildDemos } from '../../scripts/build-demos.mjs';
import { root } from '../../scripts/setup.mjs';
import { serveFolder } from '../../src/experiments/demo/serve.ts';
import { launchChromium } from './browser.ts';

export const ARTEFACTS = join(root, 'test-artefacts');

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe finds that people with other eyes, ears or hands than its author's would stumble over: one line for each rule. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // As the debugger evaluates it the page's policy does not apply.
  await page.evaluate(readFileSync(AXE, 'utf8'));
  const violations = (await page.evaluate('axe.run().then(({ violations }) => violations)')) as readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

export interface OpenedPage {
  readonly page: Page;
  /** Console errors and warnings, and errors that nobody caught. */
  readonly complaints: readonly string[];
  /** Addresses that the page and its workers asked for. */
  readonly requests: readonly string[];
}

export interface DemoPages {
  /** `http://127.0.0.1:…/` */
  readonly address: string;
  /** Where the built pages lie. */
  readonly folder: string;
  readonly browser: Browser;
  /** Opens `attack-lab/index.html`, or another address under the pages', in a context of its own. */
  open(path: string, options?: BrowserContextOptions): Promise<OpenedPage>;
  /** A picture of the page as it is. */
  screenshot(page: Page, name: string, options?: { readonly fullPage?: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** Builds, serves and starts Chromium, as `launchChromium` takes its options. */
export async function openDemoPages(options: Parameters<typeof launchChromium>[0] = {}): Promise<DemoPages> {
  const folder = mkdtempSync(join(tmpdir(), 'facet-demos-'));
  await buildDemos({ out: folder });
  const served = await serveFolder(folder, { port: 0 });
  const browser = await launchChromium(options);
  mkdirSync(ARTEFACTS, { recursive: true });
  return {
    address: served.address,
    folder,
    browser,
    async open(path, settings = {}) {
      const context = await browser.newContext(settings);
      const page = await context.newPage();
      const complaints: string[] = [];
      const requests: string[] = [];
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) {
          complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`);
        }
      });
      page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
      context.on('request', (request) => requests.push(request.url()));
      await page.goto(new URL(path, served.address).href);
      return { page, complaints, requests };
    },
    async screenshot(page, name, { fullPage = true } = {}) {
      await page.screenshot({ path: join(ARTEFACTS, `${name}.png`), fullPage });
    },
    async close() {
      await browser.close();
      await served.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
