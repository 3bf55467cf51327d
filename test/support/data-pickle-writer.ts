/**
 * Writes pickles of `(bins, issame_list)` from the table of opcodes (CPython's pickletools), each protocol with the
 * opcodes that it brought: independent of the reader, and of any Python on the machine.
 */

const bytesOf = (text: string): number[] => [...new TextEncoder().encode(text)];
const u32 = (value: number): number[] => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];
const u64 = (value: number): number[] => [...u32(value), 0, 0, 0, 0];

/** Bytes as a protocol holds them; 'python2' holds them as its `str`. */
function pickleBytes(data: readonly number[], protocol: number, python2: boolean): number[] {
  if (python2 && protocol === 0) {
    const quoted = data.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
    return bytesOf(`S'${quoted}'\n`);
  }
  if (python2) return data.length < 256 ? [0x55, data.length, ...data] : [0x54, ...u32(data.length), ...data];
  if (protocol >= 3)
    return data.length < 256 ? [0x43, data.length, ...data] : [0x42, ...u32(data.length), ...data];
  const call = (text: number[]) => [...bytesOf('c_codecs\nencode\n('), ...text, ...bytesOf('Vlatin1\ntR')];
  if (protocol === 0) {
    const escaped = data.map((byte) => `\\u${byte.toString(16).padStart(4, '0')}`).join('');
    return call(bytesOf(`V${escaped}\n`));
  }
  const utf8 = bytesOf(String.fromCharCode(...data));
  return call([0x58, ...u32(utf8.length), ...utf8]);
}

function pickleBoolean(value: boolean, protocol: number): number[] {
  if (protocol >= 2) return [value ? 0x88 : 0x89];
  return bytesOf(value ? 'I01\n' : 'I00\n');
}

/** A list, its items appended one by one in protocol 0 and together later; stored in the memo, as Python does. */
function pickleList(items: readonly number[][], protocol: number, index: number): number[] {
  const store = protocol === 0 ? bytesOf(`p${index}\n`) : protocol < 4 ? [0x71, index] : [0x94];
  if (protocol === 0) return [...bytesOf('(l'), ...store, ...items.flatMap((item) => [...item, 0x61])];
  return [0x5d, ...store, 0x28, ...items.flat(), 0x65];
}

export interface PickleOptions {
  readonly protocol: number;
  /** As Python 2 writes it: protocols 0 to 2, with `str` for bytes. */
  readonly python2?: boolean;
}

/** A .bin of images and flags. */
export function writeBin(
  images: readonly Uint8Array[],
  flags: readonly boolean[],
  { protocol, python2 = false }: PickleOptions,
): Uint8Array {
  const body = [
    ...(protocol >= 2 ? [] : [0x28]),
    ...pickleList(
      images.map((image) => pickleBytes([...image], protocol, python2)),
      protocol,
      0,
    ),
    ...pickleList(
      flags.map((flag) => pickleBoolean(flag, protocol)),
      protocol,
      1,
    ),
    protocol >= 2 ? 0x86 : 0x74,
    0x2e,
  ];
  if (protocol < 2) return Uint8Array.from(body);
  if (protocol < 4) return Uint8Array.from([0x80, protocol, ...body]);
  return Uint8Array.from([0x80, protocol, 0x95, ...u64(body.length), ...body]);
}
