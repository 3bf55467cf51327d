/** Journals of attacks: what is written survives a kill, and nothing of another attack is taken over. */
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { imagesPlace, Journal, journalPlace, readImages } from '../src/experiments/study/journal.ts';
import { RunFolder } from '../src/experiments/study/run-folder.ts';

let folder: string;
let run: RunFolder;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facet-journal-'));
  run = await RunFolder.open(folder, 'run', 'new');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const image = (index: number) => Float32Array.from({ length: 5 }, (_, i) => index + i / 8);

/** Writes pairs out of order, as attacks finish them. */
async function begin(place: readonly string[], inputs: unknown, indices: readonly number[]) {
  const journal = await Journal.open<{ value: number }>(run, place, inputs, 5);
  for (const index of indices) journal.add(index, { value: index * 10 }, image(index));
  await journal.close();
}

test('goes on with what it has, images at the records of their pairs', async () => {
  const place = ['a', 'stage.json'];
  await begin(place, 'inputs', [3, 0, 2]);
  const again = await Journal.open<{ value: number }>(run, place, 'inputs', 5);
  expect([...again.done].sort()).toEqual([
    [0, { value: 0 }],
    [2, { value: 20 }],
    [3, { value: 30 }],
  ]);
  again.add(1, { value: 10 }, image(1));
  await again.settled();
  await again.finish();
  for (const index of [0, 1, 2, 3]) expect(await readImages(run, place, index, 5)).toEqual(image(index));
  expect(await readImages(run, place, 4, 5)).toBeUndefined();
  expect(await run.read(...journalPlace(place))).toBeUndefined();
});

test('forgets a line that a kill has torn, and only that', async () => {
  const place = ['b', 'stage.json'];
  await begin(place, 'inputs', [0, 1, 2]);
  const path = run.join(...journalPlace(place));
  const bytes = await readFile(path);
  for (let cut = 1; cut < 20; cut++) {
    await truncate(path, bytes.length - cut);
    const journal = await Journal.open(run, place, 'inputs', 5);
    // Cut by one character the line lacks only its end of line, and is whole.
    expect([...journal.done.keys()]).toEqual(cut === 1 ? [0, 1, 2] : [0, 1]);
    await journal.close();
    await writeFile(path, bytes);
  }
});

test('a line is whole after the one that was torn', async () => {
  const place = ['c', 'stage.json'];
  await begin(place, 'inputs', [0, 1]);
  const path = run.join(...journalPlace(place));
  await truncate(path, (await readFile(path)).length - 5);
  await begin(place, 'inputs', [7]);
  const journal = await Journal.open<{ value: number }>(run, place, 'inputs', 5);
  expect([...journal.done]).toEqual([
    [0, { value: 0 }],
    [7, { value: 70 }],
  ]);
  await journal.close();
});

test('begins anew for other inputs, and where its first line is damaged', async () => {
  const place = ['d', 'stage.json'];
  await begin(place, { epsilon: 1 }, [0, 1]);
  const other = await Journal.open(run, place, { epsilon: 2 }, 5);
  expect(other.done.size).toBe(0);
  await other.close();
  await begin(place, { epsilon: 1 }, [0, 1]);
  await writeFile(run.join(...journalPlace(place)), 'not a journal\n');
  const damaged = await Journal.open(run, place, { epsilon: 1 }, 5);
  expect(damaged.done.size).toBe(0);
  await damaged.close();
});

test('says when it could not write', async () => {
  const journal = await Journal.open(run, ['e', 'stage.json'], 'inputs', 5);
  await journal.close();
  journal.add(0, {}, image(0));
  await expect(journal.settled()).rejects.toThrow();
  expect(imagesPlace(['e', 'stage.json'])).toEqual(['e', 'stage.images.f32']);
});
