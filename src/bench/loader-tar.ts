/** A plain tar of files in memory (POSIX.1-1988 ustar), for benchmarks that write their own set. */

export interface TarMember {
  /** At most 100 bytes of ASCII. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const BLOCK = 512;

/** The bytes of the archive. */
export function packTar(members: readonly TarMember[]): Uint8Array {
  const sizes = members.map(({ bytes }) => BLOCK + Math.ceil(bytes.length / BLOCK) * BLOCK);
  const archive = new Uint8Array(sizes.reduce((sum, size) => sum + size, 2 * BLOCK));
  let at = 0;
  for (const [i, { name, bytes }] of members.entries()) {
    archive.set(header(name, bytes.length), at);
    archive.set(bytes, at + BLOCK);
    at += sizes[i]!;
  }
  return archive;
}

function header(name: string, size: number): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (from: number, text: string) => block.set(new TextEncoder().encode(text), from);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  if (name.length > 100) throw new RangeError(`packTar: expected a name of at most 100 bytes, got '${name}'`);
  put(0, name);
  put(100, `${octal(0o644, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`);
  put(124, `${octal(size, 11)}\0${octal(0, 11)}\0`);
  put(156, '0');
  put(257, 'ustar\x0000');
  // The sum counts its own field as spaces.
  block.fill(32, 148, 156);
  put(
    148,
    `${octal(
      block.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
  );
  return block;
}
