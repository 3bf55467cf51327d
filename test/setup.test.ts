import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ensureReady, missingDependencies, root } from '../scripts/setup.mjs';

beforeAll(ensureReady);

/** Runs the launcher as a user would. */
function facet(args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'bin', 'facet.mjs'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, FACET_ADAPTER: '', FACET_DEBUG: '', ...env },
  });
  return { status, stdout, stderr };
}

describe('set-up', () => {
  test('finds nothing to do when the packages are those of the lockfile', () => {
    expect(missingDependencies()).toBeUndefined();
  });
});

describe('the facet command', () => {
  test('shows its help when nothing is asked', () => {
    const { status, stdout } = facet([]);
    expect(status).toBe(0);
    expect(stdout).toContain('devices');
  });

  test.each([
    { args: ['devicse'], says: ["facet: unknown command 'devicse'", 'Did you mean devices?'] },
    { args: ['devices', '--jsn'], says: ["facet: unknown option '--jsn'", 'Did you mean --json?'] },
    {
      args: ['devices', '--adapter', 'abacus'],
      says: ["no adapter matches 'abacus'", 'auto, gpu, lavapipe'],
    },
  ])('refuses $args with a message and no stack', ({ args, says }) => {
    const { status, stderr } = facet(args);
    expect(status).toBe(1);
    for (const text of says) expect(stderr).toContain(text);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test('shows the stack with FACET_DEBUG=1, in the sources', () => {
    const { stderr } = facet(['devices'], { FACET_ADAPTER: 'abacus', FACET_DEBUG: '1' });
    expect(stderr).toMatch(/at .*src\/platform\/node\.ts:\d+/);
  });

  test('lists adapters as JSON, one of them chosen', () => {
    const { status, stdout } = facet(['devices', '--json']);
    expect(status).toBe(0);
    const reports: { chosen: boolean; limits: Record<string, number> }[] = JSON.parse(stdout);
    expect(reports.filter(({ chosen }) => chosen)).toHaveLength(1);
    expect(reports[0]?.limits).toHaveProperty('maxStorageBufferBindingSize');
  });
});

/** What a bundle imports, through its chunks, from outside dist/. */
function outsideImports(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const text = readFileSync(join(root, 'dist', file), 'utf8');
  const imported = [...text.matchAll(/^(?:import|export)[^'"]*?["']([^"']+)["'];$/gm)].map(
    (match) => match[1] ?? '',
  );
  return imported.flatMap((name) => (name.startsWith('./') ? outsideImports(name, seen) : [name]));
}

describe('the bundles', () => {
  test.each(['browser.mjs', 'engine.mjs'])('%s runs in a page: it imports nothing of Node or npm', (file) => {
    expect(existsSync(join(root, 'dist', file)), 'built by npm run build, and by npm test').toBe(true);
    expect(outsideImports(file)).toEqual([]);
  });
});
