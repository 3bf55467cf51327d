/** What a face set is: counts, sizes, how images are spread over people, and what is damaged. */
import { contactSheetPaper } from './contact-sheet.ts';
import { ImageError, messageOf, type Skipped } from './errors.ts';
import { describeFaceSet, type FaceSet, imagesPerIdentity } from './face-set.ts';
import type { Picture, PictureDecoder } from './host.ts';
import { readImageHeader } from './image-header.ts';

export interface InspectOptions {
  /** Decodes every image, to count the damaged ones. Without it, the headers of some images are read. */
  readonly check?: PictureDecoder;
  /** How many images, spread evenly, have their headers read where not all are checked. */
  readonly sample?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

/** A range of numbers of images, and how many identities have so many. */
export interface HistogramBar {
  readonly from: number;
  readonly to: number;
  readonly identities: number;
}

export interface Inspection {
  readonly name: string;
  readonly images: number;
  readonly identities: number;
  readonly imagesPerIdentity: {
    readonly fewest: number;
    readonly median: number;
    readonly mean: number;
    readonly most: number;
    /** Identities with a single image. */
    readonly singles: number;
    /** Bars 1, 2–3, 4–7, 8–15, …, up to the most that anyone has. */
    readonly histogram: readonly HistogramBar[];
  };
  /** Of the images that were looked at; undefined where the set does not store files. */
  readonly pictures?: PictureSummary;
}

export interface PictureSummary {
  /** How many were looked at. */
  readonly examined: number;
  /** Whether they were decoded; else only their headers were read. */
  readonly decoded: boolean;
  /** Format → number of images. */
  readonly formats: Readonly<Record<string, number>>;
  /** The commonest sizes first. */
  readonly sizes: readonly { readonly width: number; readonly height: number; readonly images: number }[];
  /** How many different sizes there are; counting stops at 10,000. */
  readonly differentSizes: number;
  /** Bytes of an encoded image, on average. */
  readonly meanBytes: number;
  readonly damaged: number;
  /** The first 1000 of the damaged, by name. */
  readonly damagedImages: readonly Skipped[];
}

/** Pictures examined where not all are. */
const SAMPLE = 1000;
/** Sizes shown, sizes counted apart, and damaged images named. */
const [SHOWN_SIZES, MOST_SIZES, MOST_NAMED] = [5, 10_000, 1000];
/** Images read and decoded at a time. */
const CONCURRENCY = 4;

/** Looks at a set. A damaged image is counted; anything else that goes wrong rejects. */
export async function inspectFaceSet(set: FaceSet, options: InspectOptions = {}): Promise<Inspection> {
  const summary = describeFaceSet(set);
  const counts = imagesPerIdentity(set);
  return {
    name: set.name,
    images: summary.images,
    identities: summary.identities,
    imagesPerIdentity: {
      fewest: summary.fewest,
      median: summary.median,
      mean: summary.identities === 0 ? 0 : summary.images / summary.identities,
      most: summary.most,
      singles: summary.singles.length,
      histogram: histogramOf(counts),
    },
    ...(set.readEncoded ? { pictures: await examine(set, options) } : {}),
  };
}

/** Identities by how many images they have, in bars that double. */
export function histogramOf(counts: Uint32Array): HistogramBar[] {
  const bars: number[] = [];
  for (const count of counts) {
    if (count === 0) continue;
    const bar = Math.floor(Math.log2(count));
    bars[bar] = (bars[bar] ?? 0) + 1;
  }
  return Array.from(bars, (identities, bar) => ({
    from: 2 ** bar,
    to: 2 ** (bar + 1) - 1,
    identities: identities ?? 0,
  }));
}

async function examine(set: FaceSet, options: InspectOptions): Promise<PictureSummary> {
  const { check, sample = SAMPLE, onProgress } = options;
  const images = set.labels.length;
  const total = check ? images : Math.min(sample, images);
  const formats: Record<string, number> = {};
  const sizes = new Map<string, { width: number; height: number; images: number }>();
  const damagedImages: { image: number; reason: string }[] = [];
  let [damaged, bytesSeen, started, done] = [0, 0, 0, 0];
  let failed = false;

  const lookAt = async (image: number): Promise<void> => {
    try {
      const bytes = (await set.readEncoded?.(image)) ?? new Uint8Array(0);
      bytesSeen += bytes.length;
      const { format, width, height } = readImageHeader(bytes);
      if (check) await check(bytes);
      formats[format] = (formats[format] ?? 0) + 1;
      const key = `${width} ${height}`;
      const known = sizes.get(key);
      if (known) known.images++;
      else if (sizes.size < MOST_SIZES) sizes.set(key, { width, height, images: 1 });
    } catch (thrown) {
      if (!(thrown instanceof ImageError)) throw thrown;
      damaged++;
      if (damagedImages.length < MOST_NAMED) damagedImages.push({ image, reason: messageOf(thrown) });
    }
  };
  const worker = async (): Promise<void> => {
    while (started < total && !failed) {
      const turn = started++;
      try {
        // Spread over the whole set: sets are sorted by people, and the first few are not like the rest.
        await lookAt(Math.floor((turn * images) / total));
      } catch (thrown) {
        failed = true;
        throw thrown;
      }
      onProgress?.(++done, total);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));

  return {
    examined: total,
    decoded: check !== undefined,
    formats: Object.fromEntries(Object.entries(formats).sort()),
    sizes: [...sizes.values()].sort((a, b) => b.images - a.images || a.width - b.width).slice(0, SHOWN_SIZES),
    differentSizes: sizes.size,
    meanBytes: total === 0 ? 0 : Math.round(bytesSeen / total),
    damaged,
    damagedImages: damagedImages
      .sort((a, b) => a.image - b.image)
      .map(({ image, reason }) => ({ name: set.imageName(image), reason })),
  };
}

export interface SampleSheetOptions {
  readonly rows: number;
  readonly columns: number;
  /** Side of one face, pixels. */
  readonly size: number;
}

/**
 * A contact sheet of some of a set's people, spread evenly, each with images spread evenly over theirs. Rows are labelled
 * with the identities' numbers; damaged images leave grey cells.
 */
export async function sampleSheet(set: FaceSet, options: SampleSheetOptions): Promise<Picture> {
  const { columns, size } = options;
  const count = Math.min(options.rows, set.identities.length);
  const rows = Array.from({ length: count }, (_, row) => Math.floor((row * set.identities.length) / count));
  const rowOf = new Map(rows.map((identity, row) => [identity, row]));
  const { picture, place } = contactSheetPaper({ rows, columns, size });
  const counts = imagesPerIdentity(set);
  const met = new Uint32Array(rows.length);
  for (let image = 0; image < set.labels.length; image++) {
    const identity = set.labels[image]!;
    const row = rowOf.get(identity);
    if (row === undefined) continue;
    // The image is chosen where the even spread passes it.
    const [has, nth] = [counts[identity]!, met[row]!++];
    const shown = Math.min(columns, has);
    const column = Math.ceil((nth * shown) / has);
    if (column >= shown || Math.floor((column * has) / shown) !== nth) continue;
    try {
      place(row, column, await set.read(image, size));
    } catch (thrown) {
      if (!(thrown instanceof ImageError)) throw thrown;
    }
  }
  return picture;
}
