/** What long work says of itself: the time left, and the command that goes on with it. */
import { Command } from 'commander';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commandLine } from '../src/experiments/commands/interruptible.ts';
import { TimeLeft } from '../src/experiments/study/time-left.ts';

describe('the time left', () => {
  const MINUTE = 60_000;

  test('is not known before there is a pace', () => {
    const left = new TimeLeft(() => 0);
    expect(left.seconds(0, 10)).toBeUndefined();
  });

  test('does not count what was done before, as work that is resumed', () => {
    let now = 5 * MINUTE;
    const left = new TimeLeft(() => now);
    expect(left.seconds(500, 900)).toBeUndefined();
    now += 20_000;
    // Two seconds each.
    expect(left.seconds(510, 900)).toBeCloseTo(780, 9);
  });

  test('follows the pace of the last minutes', () => {
    let now = 0;
    const left = new TimeLeft(() => now);
    let done = 0;
    for (; done < 100; done++, now += 1000) left.seconds(done, 1000);
    for (; done < 400; done++, now += 2000) left.seconds(done, 1000);
    expect(left.seconds(done, 1000)).toBeCloseTo(1200, 9);
  });

  test('of even work is exact, however often it is told and wherever it begins', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 500 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 400_000 }),
        (begun, parts, milliseconds) => {
          let now = 0;
          let done = begun;
          const total = begun + parts.reduce((sum, part) => sum + part, 0) + 7;
          const left = new TimeLeft(() => now);
          left.seconds(done, total);
          for (const part of parts) {
            done += part;
            now += part * milliseconds;
            expect(left.seconds(done, total)).toBeCloseTo(((total - done) * milliseconds) / 1000, 3);
          }
        },
      ),
    );
  });
});

describe('the command to go on with', () => {
  function typed(...words: string[]): Command {
    const program = new Command('facet');
    const command = program
      .command('reproduce')
      .option('--preset <name>')
      .option('--name <name>')
      .option('--train <path>')
      .option('--resume')
      .action(() => {});
    program.parse(['reproduce', ...words], { from: 'user' });
    return command;
  }
  const goOn = { '--name': 'small', '--resume': true } as const;

  test.each([
    ['keeps a value that the name equals', ['--preset', 'small'], '--preset small --name small --resume'],
    ['replaces a name', ['--name', 'other', '--preset', 'tiny'], '--preset tiny --name small --resume'],
    ['replaces --name=other', ['--name=other', '--preset=tiny'], '--preset=tiny --name small --resume'],
    ['says --resume once', ['--resume', '--preset', 'tiny'], '--preset tiny --name small --resume'],
    [
      'quotes what a shell would take apart',
      ['--train', 'my faces'],
      "--train 'my faces' --name small --resume",
    ],
  ])('%s', (_what, words, expected) => {
    expect(commandLine(typed(...words), goOn)).toBe(`npx facet reproduce ${expected}`);
  });

  test('is the command as typed where nothing is added', () => {
    expect(commandLine(typed('--name', 'x', '--resume'))).toBe('npx facet reproduce --name x --resume');
  });
});
