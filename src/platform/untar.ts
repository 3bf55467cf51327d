/** Unpacks a Brotli-compressed tar of plain files: what the npm registry can carry without scripts. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

const BLOCK = 512;

function field(header: Buffer, start: number, length: number): string {
  const text = header.toString('utf8', start, start + length);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** Writes the archive's plain files under `folder`; other entries (folders, links) are passed over. */
export function unpackTarBrotli(archive: string, folder: string): void {
  const tar = brotliDecompressSync(readFileSync(archive));
  for (let at = 0; at + BLOCK <= tar.length; ) {
    const header = tar.subarray(at, at + BLOCK);
    const name = field(header, 0, 100);
    if (name === '') break; // two empty blocks end the archive
    const size = Number.parseInt(field(header, 124, 12), 8);
    if (!Number.isFinite(size))
      throw new Error(`${archive}: expected a tar header at byte ${at}, got garbage`);
    const kind = header[156];
    at += BLOCK;
    if (kind === 0 || kind === 0x30) {
      const path = join(folder, normalize(`/${name}`));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, tar.subarray(at, at + size), {
        mode: Number.parseInt(field(header, 100, 8), 8) & 0o777,
      });
    }
    at += Math.ceil(size / BLOCK) * BLOCK;
  }
}
