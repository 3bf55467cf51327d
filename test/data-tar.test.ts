import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../src/data/errors.ts';
import { memorySource } from '../src/data/host.ts';
import { collectTar } from '../src/data/tar.ts';
import { type TarPart, writeTar } from './support/data-fixtures.ts';

const LONG = `${'long/'.repeat(40)}face.jpg`;

async function contents(tar: Uint8Array): Promise<Record<string, string>> {
  const { paths, offsets, sizes } = await collectTar(memorySource(tar, 'set.tar'));
  return Object.fromEntries(
    paths.map((path, i) => [
      path,
      new TextDecoder().decode(tar.subarray(offsets[i]!, offsets[i]! + sizes[i]!)),
    ]),
  );
}

function paxRecord(key: string, value: string): string {
  const body = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(body);
  while (String(length).length + Buffer.byteLength(body) !== length)
    length = String(length).length + Buffer.byteLength(body);
  return `${length}${body}`;
}

const FORMS: [string, TarPart[], Record<string, string>][] = [
  [
    'plain files',
    [
      { name: 'a/1.jpg', data: 'one' },
      { name: 'a/2.jpg', data: '' },
    ],
    { 'a/1.jpg': 'one', 'a/2.jpg': '' },
  ],
  [
    'a folder entry',
    [
      { name: 'a/', type: '5' },
      { name: 'a/1.jpg', data: 'x' },
    ],
    { 'a/1.jpg': 'x' },
  ],
  [
    'an old folder, by its slash',
    [
      { name: 'a/', type: '\0' },
      { name: 'a/1.jpg', data: 'x', type: '\0' },
    ],
    { 'a/1.jpg': 'x' },
  ],
  ['a ustar prefix', [{ name: '1.jpg', prefix: 'deep/er', data: 'x' }], { 'deep/er/1.jpg': 'x' }],
  [
    'a GNU long name',
    [
      { name: '././@LongLink', type: 'L', data: `${LONG}\0` },
      { name: 'cut', data: 'x' },
    ],
    { [LONG]: 'x' },
  ],
  [
    'a pax path',
    [
      { name: 'PaxHeaders/1', type: 'x', data: paxRecord('path', 'Zoë/1.jpg') },
      { name: 'cut', data: 'x' },
    ],
    { 'Zoë/1.jpg': 'x' },
  ],
  [
    'a pax size',
    [
      { name: 'p', type: 'x', data: paxRecord('size', '3') },
      { name: 'a/1.jpg', data: 'xyz', size: 0 },
    ],
    { 'a/1.jpg': 'xyz' },
  ],
  [
    'a global pax comment',
    [
      { name: 'g', type: 'g', data: paxRecord('comment', 'made by hand') },
      { name: 'a/1.jpg', data: 'x' },
    ],
    { 'a/1.jpg': 'x' },
  ],
  [
    'a binary size',
    [
      { name: 'a/1.jpg', data: 'four', binarySize: true },
      { name: 'a/2.jpg', data: 'x' },
    ],
    { 'a/1.jpg': 'four', 'a/2.jpg': 'x' },
  ],
  [
    'a pax name, then a plain one',
    [
      { name: 'p', type: 'x', data: paxRecord('path', 'b/2.jpg') },
      { name: 'cut', data: 'x' },
      { name: 'a/1.jpg', data: 'y' },
    ],
    { 'b/2.jpg': 'x', 'a/1.jpg': 'y' },
  ],
];

const WRONG: [string, Uint8Array, RegExp][] = [
  [
    'a bad checksum',
    writeTar([{ name: 'a/1.jpg' }, { name: 'a/2.jpg', badSum: true }]),
    /after a\/1\.jpg.*checksum/,
  ],
  ['an entry cut short', writeTar([{ name: 'a/1.jpg', data: 'x', size: 9000 }]), /cut short in a\/1\.jpg/],
  ['no end', writeTar([{ name: 'a/1.jpg', data: 'x' }], { end: false }), /cut short after a\/1\.jpg/],
  [
    'half a header',
    writeTar([{ name: 'a/1.jpg', data: 'x' }]).subarray(0, 1300),
    /cut short after a\/1\.jpg/,
  ],
  ['an empty file', new Uint8Array(0), /cut short after the start/],
  ['something else', new TextEncoder().encode('not a tar at all '.repeat(64)), /no tar header at byte 0/],
  ['gzip', Uint8Array.from({ length: 2048 }, (_, i) => [0x1f, 0x8b, 8][i] ?? i & 255), /gunzip/],
  ['a sparse file', writeTar([{ name: 'a/1.jpg', type: 'S' }]), /tar type "S"/],
  [
    'a pax sparse file',
    writeTar([{ name: 'p', type: 'x', data: paxRecord('GNU.sparse.major', '1') }]),
    /sparse/,
  ],
  [
    'a malformed pax record',
    writeTar([{ name: 'p', type: 'x', data: '99 path=a' }]),
    /pax record p is malformed/,
  ],
  [
    'a huge pax record',
    writeTar([{ name: 'p', type: 'x', data: new Uint8Array(2 ** 20 + 1) }]),
    /name record/,
  ],
  [
    'a global path',
    writeTar([{ name: 'g', type: 'g', data: paxRecord('path', 'a') }]),
    /global pax record sets path/,
  ],
  [
    'two tars end to end',
    Uint8Array.from(Buffer.concat([writeTar([{ name: 'a' }]), writeTar([{ name: 'b' }])])),
    /follow the end/,
  ],
];

describe('collectTar', () => {
  it.each(FORMS)('reads %s', async (_, parts, expected) => {
    expect(await contents(writeTar(parts))).toEqual(expected);
  });

  it.each(WRONG)('refuses %s', async (_, tar, message) => {
    const attempt = collectTar(memorySource(tar, 'set.tar'));
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toBeInstanceOf(DataError);
  });

  it('passes over links and devices, and counts them', async () => {
    const tar = writeTar([
      { name: 'a/1.jpg', data: 'x' },
      { name: 'a/hard.jpg', type: '1', size: 4096 },
      { name: 'a/soft.jpg', type: '2' },
      { name: 'a/null', type: '3' },
      { name: 'a/2.jpg', data: 'y' },
    ]);
    const { paths, skipped } = await collectTar(memorySource(tar));
    expect(paths).toEqual(['a/1.jpg', 'a/2.jpg']);
    expect(skipped).toEqual([
      { name: 'a/hard.jpg', reason: 'hard link' },
      { name: 'a/soft.jpg', reason: 'symbolic link' },
      { name: 'a/null', reason: 'character device' },
    ]);
  });

  it('jumps over large files instead of reading them', async () => {
    const tar = writeTar([
      { name: 'a/1.jpg', data: new Uint8Array(3_000_000) },
      { name: 'a/2.jpg', data: 'x' },
    ]);
    let read = 0;
    const source = memorySource(tar);
    await collectTar({
      ...source,
      read: (offset, length) => {
        read += length;
        return source.read(offset, length);
      },
    });
    expect(read).toBeLessThan(100_000);
  });

  it('reads what another tar program wrote, in each of its formats', async (test) => {
    const root = mkdtempSync(join(tmpdir(), 'facet-tar-'));
    try {
      const folder = `${'n'.repeat(90)}/${'o'.repeat(90)}`;
      mkdirSync(join(root, folder), { recursive: true });
      writeFileSync(join(root, folder, 'face.jpg'), 'somebody');
      for (const format of ['gnu', 'pax', 'ustar']) {
        const file = join(root, `${format}.tar`);
        try {
          execFileSync('tar', [`--format=${format}`, '-cf', file, '-C', root, 'n'.repeat(90)], {
            stdio: 'pipe',
          });
        } catch {
          console.warn(`skipped: this machine has no tar program that writes ${format}`);
          return test.skip();
        }
        expect(await contents(readFileSync(file))).toEqual({ [`${folder}/face.jpg`]: 'somebody' });
      }
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('meets damage with a DataError and never otherwise', async () => {
    const good = writeTar(FORMS.flatMap(([, parts]) => parts));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(good.length),
        fc.boolean(),
        async (edits, cut, shorten) => {
          const tar = good.slice(0, shorten ? cut : good.length);
          for (const [at, byte] of edits) if (at < tar.length) tar[at] = byte;
          try {
            const { offsets, sizes } = await collectTar(memorySource(tar));
            for (const [i, offset] of offsets.entries()) {
              expect(offset + sizes[i]!).toBeLessThanOrEqual(tar.length);
            }
          } catch (thrown) {
            if (!(thrown instanceof DataError)) throw thrown;
          }
        },
      ),
      { numRuns: 1500, seed: 7 },
    );
  });
});
