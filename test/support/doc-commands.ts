/** Command lines of README.md and docs/, as a shell would hand them to `facet`. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Command } from 'commander';
import { createProgram } from '../../src/experiments/cli.ts';

const ROOT = new URL('../../', import.meta.url);

/** A page's text. */
export function page(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

/** README.md and every page of docs/. */
export function pages(): string[] {
  const docs = readdirSync(new URL('docs', ROOT)).filter((name) => name.endsWith('.md'));
  return ['README.md', ...docs.map((name) => `docs/${name}`)];
}

/** The page's fenced blocks of a language. */
export function fenced(path: string, language: string): string[] {
  return [...page(path).matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, text]) => text!,
  );
}

/** Lines that begin with `npx facet`, in blocks or quoted in the text, continued lines joined and remarks cut off. */
export function facetLines(path: string): string[] {
  const text = page(path).replaceAll(/\\\n\s*/g, '');
  const blocks = text.matchAll(/^(?: {4})?(npx facet .*)$/gm);
  const quoted = text.matchAll(/`(npx facet\s[^`]*)`/g);
  return [...blocks, ...quoted].map(([, line]) =>
    line!
      .replaceAll(/\s*\n\s*/g, ' ')
      .replace(/ {2,}\S.*$/, '')
      .replace(/ +#.*$/, '')
      // What may be left out is given, and what is left to the reader is not.
      .replaceAll(/[[\]]/g, '')
      .replaceAll(/(?<! --[\w-]+) …(?= |$)/g, '')
      .replace(/ > \S+$/, '')
      .trim(),
  );
}

/** The words of every `npx facet` that a shell meets in a script. */
export function wordsOf(script: string, environment: Record<string, string> = {}): string[][] {
  const prelude = `
    npx() { shift; printf '%s\\0' "$@"; printf '\\n'; }
    srun() { "$@"; }
    sbatch() { printf 42; for word in "$@"; do case "$word" in 'npx '*) printf '\\n' >&2; eval "$word" >&2;; esac; done; }
  `;
  const shown = execFileSync('bash', ['-euc', `exec 2>&1\n${prelude}\n${script}`], {
    // Whatever a page sends to a file must not land in the repository.
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, ...environment },
    encoding: 'utf8',
  });
  return shown
    .split('\n')
    .filter((line) => line.endsWith('\0'))
    .map((line) => line.split('\0').slice(0, -1));
}

/** What a command line asks for; throws as `facet` would for options that there are not. Nothing runs. */
export function parsed(words: readonly string[]): { name: string; options: object; args: string[] } {
  let found: { name: string; options: object; args: string[] } | undefined;
  const still = (command: Command) => {
    command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
    if (command.commands.length === 0) {
      command.action(() => {
        found = { name: command.name(), options: command.opts(), args: command.args };
      });
    }
    for (const one of command.commands) still(one);
  };
  const program = createProgram();
  still(program);
  program.parse([...words], { from: 'user' });
  if (!found) throw new Error(`${words.join(' ')}: names no command`);
  return found;
}
