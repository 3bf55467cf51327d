/** Small data sets that tests write themselves: tars byte by byte, and pictures of formulas. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { FaceSet } from '../../src/data/index.ts';

/** One entry of a tar, as raw as a test needs it. */
export interface TarPart {
  readonly name: string;
  readonly data?: Uint8Array | string;
  readonly type?: string;
  /** The header's prefix field, with POSIX magic. */
  readonly prefix?: string;
  /** Stated in the header in place of the data's length. */
  readonly size?: number;
  /** Size as GNU's big-endian bytes. */
  readonly binarySize?: boolean;
  readonly badSum?: boolean;
}

/** Independent of the reader: written from the format's table of fields. */
export function writeTar(parts: readonly TarPart[], { end = true } = {}): Uint8Array<ArrayBuffer> {
  const blocks: Uint8Array[] = [];
  for (const part of parts) {
    const data =
      typeof part.data === 'string' ? new TextEncoder().encode(part.data) : (part.data ?? new Uint8Array(0));
    const header = new Uint8Array(512);
    const put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at);
    const size = part.size ?? data.length;
    put(0, part.name);
    put(100, '0000644\0');
    put(108, '0000000\0');
    put(116, '0000000\0');
    put(124, `${size.toString(8).padStart(11, '0')}\0`);
    if (part.binarySize) {
      header.fill(0, 124, 136);
      header[124] = 0x80;
      new DataView(header.buffer).setUint32(132, size);
    }
    put(136, '00000000000\0');
    put(156, part.type ?? '0');
    put(257, 'ustar\0' + '00');
    if (part.prefix) put(345, part.prefix);
    header.fill(32, 148, 156);
    const sum = header.reduce((total, byte) => total + byte, part.badSum ? 1 : 0);
    put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
    const body = new Uint8Array(Math.ceil(data.length / 512) * 512);
    body.set(data);
    blocks.push(header, body);
  }
  if (end) blocks.push(new Uint8Array(1024));
  return Uint8Array.from(Buffer.concat(blocks));
}

/** RGB bytes of a smooth formula image, size × size × 3. */
export function formulaPixels(size: number, phase: number): Uint8Array {
  const pixels = new Uint8Array(size * size * 3);
  for (let i = 0; i < pixels.length; i++) {
    const channel = i % 3;
    const x = Math.floor(i / 3) % size;
    const y = Math.floor(i / 3 / size);
    pixels[i] = Math.round(128 + 100 * Math.sin(phase + channel + x / 5) * Math.cos(y / 7));
  }
  return pixels;
}

/** A formula image, encoded. */
export async function formulaImage(size: number, phase: number, format: 'png' | 'jpeg' | 'webp' = 'png') {
  const raw = sharp(formulaPixels(size, phase), { raw: { width: size, height: size, channels: 3 } });
  return Uint8Array.from(await raw.toFormat(format).toBuffer());
}

/** A set in memory with the given numbers of images; image i is filled with bytes of value i. */
export function plainSet(counts: Readonly<Record<string, number>>, name = 'plain'): FaceSet {
  const identities = Object.keys(counts);
  const images = identities.flatMap((person, identity) =>
    Array.from({ length: counts[person]! }, (_, i) => ({
      identity,
      name: `${person}/${person}_${String(i + 1).padStart(4, '0')}.jpg`,
    })),
  );
  return {
    name,
    identities,
    labels: Int32Array.from(images, ({ identity }) => identity),
    imageName: (index) => images[index]!.name,
    read: async (index, size) => new Uint8Array(size * size * 3).fill(index),
  };
}

/** All names of a set, in its order. */
export function imageNames(set: FaceSet): string[] {
  return Array.from(set.labels, (_, index) => set.imageName(index));
}

/**
 * A file of the real data, or undefined where it is absent: FACET_DATA, or `../shared/data` beside the
 * checkout. Says so, since a skipped test that nobody notices tests nothing.
 */
export function realData(path: string): string | undefined {
  const root = process.env.FACET_DATA ?? new URL('../../../shared/data', import.meta.url).pathname;
  const full = join(root, path);
  if (existsSync(full)) return full;
  console.warn(`skipped: ${full} is absent; set FACET_DATA to the folder that holds ${path}`);
  return undefined;
}
