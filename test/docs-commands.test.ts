/** Every command line that the pages show is one that facet takes. */
import { describe, expect, test } from 'vitest';
import { type StudyOptions, studyConfigOf } from '../src/experiments/commands/study-options.ts';
import { facetLines, pages, parsed, wordsOf } from './support/doc-commands.ts';

const LINES = pages().flatMap((path) => facetLines(path).map((line) => [path, line] as const));
/** `npx facet data` and others of that kind name a group of commands, in running text. */
const WHOLE = LINES.filter(([, line]) => line.split(' ').length > 3 || !line.endsWith(' data'));
/** A defence that the page tells how to add. */
const NOT_THERE_YET = 'single,overlap';

describe('the pages', () => {
  test('show commands', () => {
    expect(WHOLE.length).toBeGreaterThan(50);
  });

  test.each(WHOLE)('%s: %s', async (_, line) => {
    const [words] = wordsOf(line, { USER: 'someone' });
    const { name, options } = parsed(words!);
    if (name !== 'reproduce' || line.includes(NOT_THERE_YET)) return;
    const { defences } = await studyConfigOf(options as StudyOptions);
    expect(defences.length).toBeGreaterThan(0);
  });
});
