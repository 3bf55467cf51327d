/**
 * Builds the pages of src/demos into dist/demos: static files with relative addresses, for any web host and no server.
 * `npm run build:demos`; `facet demo` and the tests call `buildDemos`.
 */
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root, runScript } from './setup.mjs';

const SOURCES = join(root, 'src', 'demos');

/** What a page may load before anything is clicked: its script, its worker's, and all that these import. */
const MOST_SCRIPT = 500 * 1000;

/**
 * Only what the page brought along: no request goes elsewhere. Styles may stand in elements, since drawn figures carry
 * their own; pictures may be made in the page.
 */
const POLICY = [
  "default-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "frame-src 'self' blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** @typedef {{ folder: string, title: string, line?: string }} Page */

/** @param {string} text */
const escapeHtml = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/**
 * A page's HTML.
 * @param {Page} page
 * @param {{ up: string, script: string, styles: string[] }} files addresses as the page sees them
 */
function html({ title, line, folder }, { up, script, styles }) {
  const name = folder === 'home' ? title : `${title} – facet`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(name)}</title>
<meta name="description" content="${escapeHtml(line ?? 'Adversarial robustness of face recognition, on WebGPU')}">
<link rel="icon" type="image/svg+xml" href="${up}icon.svg">
${styles.map((style) => `<link rel="stylesheet" href="${style}">`).join('\n')}
<script src="${up}theme.js"></script>
<script type="module" src="${script}"></script>
</head>
<body>
<div id="page"><noscript><p>This page computes in the browser, and needs JavaScript for it.</p></noscript></div>
</body>
</html>
`;
}

/**
 * What src/demos/index.ts exports.
 * @returns {Promise<{ PAGES: Page[], HOME: Page }>}
 */
async function readPages() {
  const esbuild = await import('esbuild');
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(SOURCES, 'index.ts')],
    bundle: true,
    format: 'esm',
    write: false,
  });
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0]?.text ?? '')}`);
}

/**
 * The files that an output imports at once, itself among them.
 * @param {import('esbuild').Metafile} metafile
 * @param {string} output
 * @param {Set<string>} [seen]
 */
function closure(metafile, output, seen = new Set()) {
  if (seen.has(output)) return seen;
  seen.add(output);
  for (const { path, kind } of metafile.outputs[output]?.imports ?? []) {
    if (kind === 'import-statement') closure(metafile, path, seen);
  }
  return seen;
}

/**
 * Leaves zod's messages in English: it brings those of fifty languages, most of a page's script.
 * @type {import('esbuild').Plugin}
 */
const englishOnly = {
  name: 'zod-in-english',
  setup(build) {
    build.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, ({ path }) => ({
      contents: 'export { default as en } from "./en.js";',
      resolveDir: dirname(path),
    }));
  },
};

/**
 * Bundles every page and worker, with what they share in chunks.
 * @param {Page[]} pages
 * @param {string} out
 */
async function bundle(pages, out) {
  const esbuild = await import('esbuild');
  /** @type {Record<string, string>} */
  const entryPoints = {};
  for (const { folder } of pages) {
    entryPoints[`${folder}/page`] = join(SOURCES, folder, 'page.tsx');
    const worker = join(SOURCES, folder, 'worker.ts');
    if (existsSync(worker)) entryPoints[`${folder}/worker`] = worker;
  }
  return esbuild
    .build({
      absWorkingDir: root,
      entryPoints,
      outdir: out,
      bundle: true,
      splitting: true,
      chunkNames: 'chunks/[name]-[hash]',
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      jsx: 'automatic',
      jsxImportSource: 'preact',
      loader: { '.wgsl': 'text' },
      plugins: [englishOnly],
      define: { 'process.env.NODE_ENV': '"production"' },
      minify: true,
      legalComments: 'linked',
      metafile: true,
      logLevel: 'error',
    })
    .catch(() => {
      throw new Error('build:demos: the pages do not bundle; esbuild says why above');
    });
}

/**
 * The script that runs before a page is drawn: a classic one, which cannot share chunks.
 * @param {string} out
 */
async function bundleThemeBoot(out) {
  const esbuild = await import('esbuild');
  await esbuild.build({
    entryPoints: [join(SOURCES, 'shared', 'theme-boot.ts')],
    outfile: join(out, 'theme.js'),
    bundle: true,
    format: 'iife',
    target: 'es2022',
    minify: true,
    logLevel: 'error',
  });
}

/**
 * Kilobytes of script that each page loads at first.
 * @param {Page[]} pages
 * @param {import('esbuild').Metafile} metafile
 * @param {string} out
 */
function firstLoads(pages, metafile, out) {
  const place = relative(root, out).replaceAll('\\', '/');
  return pages.map(({ folder }) => {
    const outputs = ['page', 'worker']
      .map((name) => `${place}/${folder}/${name}.js`)
      .filter((name) => metafile.outputs[name]);
    const files = outputs.reduce((seen, output) => closure(metafile, output, seen), new Set());
    const bytes = [...files].reduce((sum, file) => sum + (metafile.outputs[file]?.bytes ?? 0), 0);
    return { folder, bytes };
  });
}

/**
 * Builds all pages into `out`, which is replaced as a whole. Returns the bytes of script that each loads at first.
 * Throws where a page does not bundle, or loads more than 500 KB.
 * @param {{ out?: string }} [options]
 */
export async function buildDemos({ out = join(root, 'dist', 'demos') } = {}) {
  const { PAGES, HOME } = await readPages();
  const pages = [HOME, ...PAGES];
  const fresh = `${out}.${process.pid}`;
  rmSync(fresh, { recursive: true, force: true });
  try {
    const { metafile } = await bundle(pages, fresh);
    await bundleThemeBoot(fresh);
    for (const name of ['style.css', 'icon.svg']) cpSync(join(SOURCES, 'shared', name), join(fresh, name));
    for (const name of ['networks', 'recorded']) {
      if (existsSync(join(SOURCES, name)))
        cpSync(join(SOURCES, name), join(fresh, name), { recursive: true });
    }
    for (const page of pages) {
      const { folder } = page;
      const isHome = folder === HOME.folder;
      const own = join(SOURCES, folder, 'style.css');
      const up = isHome ? './' : '../';
      const here = isHome ? `./${folder}/` : './';
      if (existsSync(own)) cpSync(own, join(fresh, folder, 'style.css'));
      const styles = [`${up}style.css`, ...(existsSync(own) ? [`${here}style.css`] : [])];
      const file = isHome ? join(fresh, 'index.html') : join(fresh, folder, 'index.html');
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, html(page, { up, script: `${here}page.js`, styles }));
    }
    const loads = firstLoads(pages, metafile, fresh);
    const over = loads.filter(({ bytes }) => bytes > MOST_SCRIPT);
    if (over.length > 0) {
      const list = over.map(({ folder, bytes }) => `${folder} ${Math.ceil(bytes / 1000)} KB`).join(', ');
      throw new Error(
        `build:demos: over ${MOST_SCRIPT / 1000} KB of script at first load: ${list}; import later what is not needed at once`,
      );
    }
    rmSync(out, { recursive: true, force: true });
    renameSync(fresh, out);
    return loads;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

if (process.argv[1] === join(root, 'scripts', 'build-demos.mjs')) {
  await runScript(async () => {
    const loads = await buildDemos();
    for (const { folder, bytes } of loads) {
      console.log(`${folder.padEnd(16)} ${(bytes / 1000).toFixed(0).padStart(4)} KB of script at first load`);
    }
    console.log(`dist/demos is ready: any web host can serve it, and so does npx facet demo`);
  });
}
