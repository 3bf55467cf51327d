/**
 * InsightFace's training sets: MXNet RecordIO (`train.rec`), its index (`train.idx`) and `property`, a line of
 * "identities,height,width".
 *
 * Record 0 has the labels [a, b]: images have the keys 1 … a−1, and the records a … b−1 have no image but, in the
 * order of identities, the bounds [first, end) of each one's images. So with an index, who is on which image is
 * known from one short record per identity. Without it, or where the bounds are missing or not those of
 * the images' own labels, the header of every record is read instead.
 */
import { encodedFaceSet, type OpenFaceSet } from './encoded-set.ts';
import { DataError, ImageError, type Skipped } from './errors.ts';
import { growingFloat64, growingInt32, growingUint32 } from './growable.ts';
import type { ByteSource, ImageDecoder } from './host.ts';
import { lowerBound, type RecordIndex, readRecordIndex } from './record-index.ts';
import {
  parseImageRecord,
  type RecordSummary,
  readRecord,
  readRecordHead,
  scanRecords,
} from './record-io.ts';
import { windowed } from './window.ts';

export interface RecordFiles {
  readonly records: ByteSource;
  /** The index, which the caller closes. Without it every record’s header is read. */
  readonly index?: ByteSource;
  /** The text of `property`. */
  readonly property?: string;
}

/** Images, before identities are numbered: one entry per image in each. */
interface Labelled {
  readonly keys: Uint32Array;
  readonly offsets: Float64Array;
  /** The label that the image's record has. */
  readonly labels: Int32Array;
  readonly skipped: Skipped[];
}

/** Identities whose first and last image are asked whether the bounds tell the truth. */
const SPOT_CHECKS = 64;
/** Headers of all records are read in large steps: it comes to reading the file. */
const SCAN_WINDOW = 2 ** 20;
/** Label that no image has. */
const NONE = -1;

/**
 * A face set over a .rec. An image is called `label/key`, an identity by its label. Holds 16 bytes per image, and
 * about 55 while it opens; pictures are read where they lie. The set owns `records`.
 *
 * Throws a DataError where the index points outside the records, bounds overlap or lie, or nothing is an image. A
 * damaged record is an ImageError of `read`; what else was passed over is in `skipped`.
 */
export async function recordFaceSet(
  { records, index, property }: RecordFiles,
  decodeImage: ImageDecoder,
  onProgress?: (done: number, total: number) => void,
): Promise<OpenFaceSet> {
  const found = index
    ? await withIndex(records, await readRecordIndex(index, records.size, onProgress), onProgress)
    : await withoutIndex(records, onProgress);
  const { keys, offsets, skipped } = found;
  if (keys.length === 0) {
    throw new DataError(
      `${records.name}: has no images${skipped[0] ? ` (${skipped[0].name}: ${skipped[0].reason})` : ''}`,
    );
  }
  const { identities, labels } = numberIdentities(found.labels);
  const promised = /^\s*(\d+)/.exec(property ?? '')?.[1];
  if (property !== undefined && Number(promised) !== identities.length) {
    const reason = `says ${JSON.stringify(property.trim().slice(0, 60))}; the records show ${identities.length} identities`;
    skipped.push({ name: 'property', reason });
  }
  return encodedFaceSet(
    {
      source: records.name,
      format: `InsightFace RecordIO, ${index ? 'with' : 'without'} an index`,
      identities,
      labels,
      skipped,
      imageName: (i) => `${identities[labels[i]!]}/${keys[i]}`,
      async fetch(i) {
        const { label, image } = parseImageRecord(await readRecord(records, offsets[i]!));
        if (label !== Number(identities[labels[i]!])) {
          throw new ImageError(
            `its record has the label ${label}, and the set's bounds say ${identities[labels[i]!]}`,
          );
        }
        if (image.length === 0) throw new ImageError('its record has no image');
        return image;
      },
      close: () => records.close(),
    },
    decodeImage,
  );
}

/** Labels as they are become identities 0, 1, 2, … in the order of the labels. */
function numberIdentities(raw: Int32Array): { identities: string[]; labels: Int32Array } {
  const distinct = Int32Array.from(new Set(raw)).sort();
  const place = new Map(Array.from(distinct, (label, i) => [label, i]));
  return { identities: Array.from(distinct, String), labels: raw.map((label) => place.get(label)!) };
}

async function withIndex(
  records: ByteSource,
  index: RecordIndex,
  onProgress?: (done: number, total: number) => void,
): Promise<Labelled> {
  const first = index.keys[0] === 0 ? await headOf(records, index, 0) : undefined;
  if (first && isBounds(first)) {
    const bounded = await labelsFromBounds(records, index, first);
    if (await boundsAgree(records, bounded)) return bounded;
  }
  return labelsFromHeaders(records, index, onProgress);
}

/** The record at a place of the index; of the file's own structure, so that damage there ends the reading. */
async function headOf(records: ByteSource, index: RecordIndex, place: number): Promise<RecordSummary> {
  try {
    return await readRecordHead(records, index.offsets[place]!);
  } catch (thrown) {
    if (!(thrown instanceof ImageError)) throw thrown;
    throw new DataError(`${records.name}: record ${index.keys[place]}: ${thrown.message}`, { cause: thrown });
  }
}

/** Two labels and no image: bounds of the images, or of one identity's. */
function isBounds({ flag, imageBytes }: RecordSummary): boolean {
  return flag >= 2 && imageBytes === 0;
}

async function labelsFromBounds(
  records: ByteSource,
  index: RecordIndex,
  all: RecordSummary,
): Promise<Labelled> {
  const [imagesEnd, identitiesEnd] = [all.label, all.second];
  const count = identitiesEnd - imagesEnd;
  if (!isKey(imagesEnd) || !isKey(identitiesEnd) || imagesEnd < 1 || count < 1 || count > index.keys.length) {
    throw new DataError(
      `${records.name}: record 0 says that images end at ${imagesEnd} and identities at ${identitiesEnd}; expected ` +
        `two rising numbers within the index's ${index.keys.length} records`,
    );
  }
  const labels = new Int32Array(lowerBound(index, imagesEnd)).fill(NONE);
  const through = windowed(records);
  let absent = 0;
  for (let identity = 0; identity < count; identity++) {
    const key = imagesEnd + identity;
    const place = lowerBound(index, key);
    if (index.keys[place] !== key) {
      throw new DataError(
        `${records.name}: the index lacks record ${key}, which has identity ${identity}'s bounds`,
      );
    }
    const bounds = await headOf(through, index, place);
    const [from, end] = [bounds.label, bounds.second];
    if (!isBounds(bounds) || !isKey(from) || !isKey(end) || from < 1 || from > end || end > imagesEnd) {
      throw new DataError(
        `${records.name}: record ${key} should have the bounds of identity ${identity}'s images, two rising numbers ` +
          `from 1 to ${imagesEnd}; got ${from} and ${end}`,
      );
    }
    const [low, high] = [lowerBound(index, from), lowerBound(index, end)];
    for (let i = low; i < high; i++) {
      if (labels[i] !== NONE) {
        throw new DataError(
          `${records.name}: record ${index.keys[i]} is an image of identity ${labels[i]} and of ${identity}; ` +
            'expected bounds that do not overlap',
        );
      }
      labels[i] = identity;
    }
    absent += end - from - (high - low);
  }
  const skipped: Skipped[] = [];
  if (absent > 0) skipped.push({ name: 'index', reason: `lacks ${absent} images that the bounds count` });
  return keepLabelled(index, labels, skipped, (key) => {
    if (key > 0) skipped.push({ name: `record ${key}`, reason: 'is within no identity’s bounds' });
  });
}

/** Leaves out what has no label. */
function keepLabelled(
  index: RecordIndex,
  labels: Int32Array,
  skipped: Skipped[],
  onLeftOut: (key: number) => void = () => {},
): Labelled {
  const keys = growingUint32();
  const offsets = growingFloat64();
  const kept = growingInt32();
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === NONE) {
      onLeftOut(index.keys[i]!);
      continue;
    }
    keys.push(index.keys[i]!);
    offsets.push(index.offsets[i]!);
    kept.push(labels[i]!);
  }
  return { keys: keys.finish(), offsets: offsets.finish(), labels: kept.finish(), skipped };
}

/** Asks some images for the label in their own record. Damaged records have no say. */
async function boundsAgree(records: ByteSource, { labels, offsets }: Labelled): Promise<boolean> {
  const starts: number[] = [];
  for (let i = 0; i < labels.length; i++) if (i === 0 || labels[i] !== labels[i - 1]) starts.push(i);
  const step = Math.max(1, Math.floor(starts.length / SPOT_CHECKS));
  for (let which = 0; which < starts.length; which += step) {
    const first = starts[which]!;
    const last = (starts[which + 1] ?? labels.length) - 1;
    for (const image of new Set([first, last])) {
      try {
        const { label } = await readRecordHead(records, offsets[image]!);
        if (label !== labels[image]) return false;
      } catch (thrown) {
        if (!(thrown instanceof ImageError)) throw thrown;
      }
    }
  }
  return true;
}

/** Reads the header of every record of an index, in the order of the file. */
async function labelsFromHeaders(
  records: ByteSource,
  index: RecordIndex,
  onProgress?: (done: number, total: number) => void,
): Promise<Labelled> {
  const labels = new Int32Array(index.keys.length).fill(NONE);
  const skipped: Skipped[] = [];
  const order = Uint32Array.from(index.keys.keys());
  if (!isAscending(index.offsets)) order.sort((a, b) => index.offsets[a]! - index.offsets[b]!);
  const through = windowed(records, SCAN_WINDOW);
  for (const [done, place] of order.entries()) {
    try {
      const head = await readRecordHead(through, index.offsets[place]!);
      if (isBounds(head)) continue;
      labels[place] = labelOf(head);
    } catch (thrown) {
      if (!(thrown instanceof ImageError)) throw thrown;
      skipped.push({ name: `record ${index.keys[place]}`, reason: thrown.message });
    }
    if (done % 4096 === 0) onProgress?.(done, order.length);
  }
  return keepLabelled(index, labels, skipped);
}

/** Walks the file; a record's number is its key, since they are written in that order. */
async function withoutIndex(
  records: ByteSource,
  onProgress?: (done: number, total: number) => void,
): Promise<Labelled> {
  const keys = growingUint32();
  const offsets = growingFloat64();
  const labels = growingInt32();
  const skipped: Skipped[] = [];
  let key = -1;
  await scanRecords(
    records,
    (record) => {
      key++;
      if (isBounds(record)) return;
      try {
        labels.push(labelOf(record));
        keys.push(key);
        offsets.push(record.offset);
      } catch (thrown) {
        if (!(thrown instanceof ImageError)) throw thrown;
        skipped.push({ name: `record ${key}`, reason: thrown.message });
      }
    },
    onProgress,
  );
  return { keys: keys.finish(), offsets: offsets.finish(), labels: labels.finish(), skipped };
}

/** An image's label as an identity. Throws an ImageError where it is none, or where there is no image. */
function labelOf({ label, imageBytes }: RecordSummary): number {
  if (imageBytes === 0) throw new ImageError('its record has no image');
  if (!(Number.isInteger(label) && label >= 0 && label < 2 ** 24)) {
    throw new ImageError(`its record has the label ${label}; expected a whole number from 0`);
  }
  return label;
}

function isKey(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** 32;
}

function isAscending(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i++) if (values[i]! < values[i - 1]!) return false;
  return true;
}
