/** Writes MXNet RecordIO and InsightFace training sets byte by byte, from the format's description, not by the reader. */

const MAGIC = [0x0a, 0x23, 0xd7, 0xce];

function u32(value: number): number[] {
  return [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
}

function f32(value: number): number[] {
  return [...new Uint8Array(Float32Array.of(value).buffer)];
}

function frame(flag: number, part: readonly number[]): number[] {
  const zeros = new Array<number>((4 - (part.length % 4)) % 4).fill(0);
  return [...MAGIC, ...u32(flag * 2 ** 29 + part.length), ...part, ...zeros];
}

/** One record: split wherever the magic lies at a multiple of 4, which is then left out. */
export function writeRecord(payload: Uint8Array): number[] {
  const parts: number[][] = [];
  let from = 0;
  for (let at = 0; at + 4 <= payload.length; at += 4) {
    if (!MAGIC.every((byte, i) => payload[at + i] === byte)) continue;
    parts.push([...payload.subarray(from, at)]);
    from = at + 4;
  }
  parts.push([...payload.subarray(from)]);
  if (parts.length === 1) return frame(0, parts[0]!);
  return parts.flatMap((part, i) => frame(i === 0 ? 1 : i === parts.length - 1 ? 3 : 2, part));
}

/** The payload of an image or of bounds: one label in the header, or several after it. */
export function imagePayload(labels: number | readonly number[], id: number, image: Uint8Array): Uint8Array {
  const several = typeof labels === 'number' ? [] : labels;
  return Uint8Array.from([
    ...u32(several.length),
    ...f32(typeof labels === 'number' ? labels : 0),
    ...u32(id),
    ...u32(0),
    ...u32(0),
    ...u32(0),
    ...several.flatMap(f32),
    ...image,
  ]);
}

/** Payloads of a set as InsightFace packs it: record 0, images by identity, bounds of each identity. */
export function insightFacePayloads(people: readonly (readonly Uint8Array[])[]): Uint8Array[] {
  const images = people.flatMap((person, label) => person.map((image) => ({ label, image })));
  const imagesEnd = images.length + 1;
  let next = 1;
  const bounds = people.map((person) => {
    const first = next;
    next += person.length;
    return [first, next];
  });
  const none = new Uint8Array(0);
  return [
    imagePayload([imagesEnd, imagesEnd + people.length], 0, none),
    ...images.map(({ label, image }, i) => imagePayload(label, i + 1, image)),
    ...bounds.map((each, i) => imagePayload(each, imagesEnd + i, none)),
  ];
}

/** A .rec of payloads, and the text of its .idx. */
export function writeRecordFile(payloads: readonly Uint8Array[]): { records: Uint8Array; index: string } {
  const bytes: number[] = [];
  const lines: string[] = [];
  for (const [key, payload] of payloads.entries()) {
    lines.push(`${key}\t${bytes.length}\n`);
    for (const byte of writeRecord(payload)) bytes.push(byte);
  }
  return { records: Uint8Array.from(bytes), index: lines.join('') };
}
