/**
 * WebDataset: shards (`shard-{000..099}.tar`) in which the files of a sample follow each other and share a key, the path
 * up to the first dot of the file's name:
 *
 *     000123.jpg     the image: jpg, jpeg, png or webp
 *     000123.cls     its identity: a whole number in ASCII
 *     000123.json    or, without a .cls, an object whose "label" (else "identity") is a whole number or a name
 *
 * Other files of a sample are passed over. Shards are walked one after the other when the set is opened, headers and
 * labels only; images are then read where they lie.
 */
import { encodedFaceSet, type OpenFaceSet } from './encoded-set.ts';
import { DataError, messageOf, type Skipped } from './errors.ts';
import { growingFloat64, growingInt32, growingUint32 } from './growable.ts';
import type { ByteSource, ImageDecoder } from './host.ts';
import { checkEncodedSize } from './image-header.ts';
import { safePath } from './layout.ts';
import { nameTable } from './name-table.ts';
import { type Shard, ShardPool } from './shard-pool.ts';
import { walkTar } from './tar.ts';
import { windowReader } from './window.ts';

/** A .cls is a number and a .json some fields; more is no label. */
const MAX_LABEL_BYTES = 64 * 1024;
const IMAGE = /^(jpe?g|png|webp)$/;

/** Splits `dir/000123.seg.png` into the key `dir/000123` and the extension `seg.png`, in lower case. */
export function splitKey(path: string): { key: string; extension: string } {
  const slash = path.lastIndexOf('/') + 1;
  const dot = path.indexOf('.', slash);
  if (dot < 0) return { key: path, extension: '' };
  return { key: path.slice(0, dot), extension: path.slice(dot + 1).toLowerCase() };
}

/**
 * Whether a single tar is a shard rather than a tar of `identity/image`: some image has a .cls beside it, or a .json
 * and no folder.
 */
export function looksLikeShard(paths: readonly string[]): boolean {
  let [image, label] = ['', ''];
  for (const path of paths.slice(0, 10_000)) {
    const { key, extension } = splitKey(path);
    if (IMAGE.test(extension)) image = key;
    else if (extension === 'cls' || (extension === 'json' && !key.replace(/^\.\//, '').includes('/')))
      label = key;
    if (image !== '' && image === label) return true;
  }
  return false;
}

/** The samples of all shards, one entry per image in each list. */
interface Samples {
  readonly shards: ReturnType<typeof growingUint32>;
  readonly offsets: ReturnType<typeof growingFloat64>;
  readonly sizes: ReturnType<typeof growingUint32>;
  /** In the order in which labels were met. */
  readonly labels: ReturnType<typeof growingInt32>;
  /** Key and extension. */
  readonly files: string[];
  /** Label → its number. */
  readonly met: Map<string, number>;
  readonly skipped: Skipped[];
}

/**
 * A face set over shards. An image is called `shard/key.jpg`; identities are in the order of their numbers, or of their
 * names if not all are numbers. Holds 24 bytes and the key for each image. `onProgress` hears of the bytes of one
 * shard after the other.
 *
 * Throws a DataError for a damaged tar, a key that comes twice in a shard, and where no sample has an image and a
 * label. Samples that lack one are in `skipped`.
 */
export async function webDatasetFaceSet(
  shards: readonly Shard[],
  decodeImage: ImageDecoder,
  source: string,
  onProgress?: (done: number, total: number) => void,
): Promise<OpenFaceSet> {
  const samples: Samples = {
    shards: growingUint32(),
    offsets: growingFloat64(),
    sizes: growingUint32(),
    labels: growingInt32(),
    files: [],
    met: new Map(),
    skipped: [],
  };
  for (const [which, shard] of shards.entries()) {
    const opened = await shard.open();
    try {
      await indexShard(opened, which, samples, onProgress);
    } finally {
      await opened.close();
    }
  }
  if (samples.files.length === 0) {
    const first = samples.skipped[0];
    throw new DataError(
      `${source}: no sample has an image and a label; expected key.jpg (or png, webp) with key.cls or key.json ` +
        `in a tar${first ? `, got ${first.name} (${first.reason}) and ${samples.skipped.length - 1} others` : ''}`,
    );
  }
  const { identities, rank } = orderLabels([...samples.met.keys()]);
  const labels = samples.labels.finish().map((label) => rank[label]!);
  const [where, offsets, sizes] = [samples.shards.finish(), samples.offsets.finish(), samples.sizes.finish()];
  const homes = shardNames(shards);
  const names = nameTable(samples.files.length, (i) => samples.files[i]!);
  const pool = new ShardPool(shards);
  return encodedFaceSet(
    {
      source,
      format: `WebDataset of ${shards.length} ${shards.length === 1 ? 'shard' : 'shards'}`,
      identities,
      labels,
      skipped: samples.skipped,
      imageName: (index) => `${homes[where[index]!]}/${names.at(index)}`,
      async fetch(index) {
        checkEncodedSize(sizes[index]!);
        return pool.use(where[index]!, (shard) => shard.read(offsets[index]!, sizes[index]!));
      },
      close: () => pool.close(),
    },
    decodeImage,
  );
}

/** A sample while its files are met. */
interface Sample {
  readonly key: string;
  image?: { readonly offset: number; readonly size: number; readonly extension: string };
  cls?: string;
  json?: string;
  problem?: string;
}

async function indexShard(
  source: ByteSource,
  which: number,
  samples: Samples,
  onProgress?: (done: number, total: number) => void,
): Promise<void> {
  const read = windowReader(source);
  const keys = new Set<string>();
  let sample: Sample | undefined;
  let entries = 0;
  for await (const entry of walkTar(source, read)) {
    if (entries++ % 1024 === 0 && 'offset' in entry) onProgress?.(entry.offset, source.size);
    if ('reason' in entry) {
      samples.skipped.push({ name: `${source.name}/${entry.name}`, reason: entry.reason });
      continue;
    }
    const path = safePath(source.name, entry.path);
    const { key, extension } = splitKey(path);
    if (key === '' || key.endsWith('/') || extension === '') {
      const reason = extension === '' ? 'no extension' : 'hidden file';
      samples.skipped.push({ name: `${source.name}/${path}`, reason });
      continue;
    }
    if (sample?.key !== key) {
      finishSample(source, which, sample, samples);
      if (keys.has(key)) {
        throw new DataError(
          `${source.name}: the files of sample ${key} are not together, or it is there twice; expected each key once`,
        );
      }
      keys.add(key);
      sample = { key };
    }
    if (IMAGE.test(extension)) {
      if (sample.image) sample.problem ??= 'has two images';
      sample.image = { offset: entry.offset, size: entry.size, extension };
    } else if (extension === 'cls' || extension === 'json') {
      if (entry.size > MAX_LABEL_BYTES) sample.problem ??= `has a .${extension} of ${entry.size} bytes`;
      else sample[extension] = new TextDecoder().decode(await read(entry.offset, entry.size));
    }
  }
  finishSample(source, which, sample, samples);
  onProgress?.(source.size, source.size);
}

function finishSample(source: ByteSource, which: number, sample: Sample | undefined, samples: Samples): void {
  if (!sample) return;
  const reason = addSample(which, sample, samples);
  if (reason !== undefined) samples.skipped.push({ name: `${source.name}/${sample.key}`, reason });
}

/** Adds a sample, or says why it is none. */
function addSample(which: number, sample: Sample, samples: Samples): string | undefined {
  const { image, problem } = sample;
  if (problem !== undefined) return problem;
  if (!image) return 'has no jpg, png or webp image';
  if (image.size >= 2 ** 32) return `has an image of ${image.size} bytes`;
  const label = labelOf(sample);
  if ('reason' in label) return label.reason;
  const number = samples.met.get(label.name) ?? samples.met.size;
  samples.met.set(label.name, number);
  samples.shards.push(which);
  samples.offsets.push(image.offset);
  samples.sizes.push(image.size);
  samples.labels.push(number);
  samples.files.push(`${sample.key}.${image.extension}`);
  return undefined;
}

function labelOf({ cls, json }: Sample): { readonly name: string } | { readonly reason: string } {
  if (cls !== undefined) {
    const text = cls.trim();
    if (/^\d{1,15}$/.test(text)) return { name: String(Number(text)) };
    return { reason: `its .cls holds ${JSON.stringify(text.slice(0, 40))}; expected a whole number` };
  }
  if (json === undefined) return { reason: 'has no .cls and no .json' };
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (thrown) {
    return { reason: `its .json is none: ${messageOf(thrown).slice(0, 100)}` };
  }
  const fields = typeof value === 'object' && value !== null ? value : {};
  const label: unknown =
    'label' in fields ? fields.label : 'identity' in fields ? fields.identity : undefined;
  if (typeof label === 'number' && Number.isSafeInteger(label) && label >= 0) return { name: String(label) };
  if (typeof label === 'string' && label !== '' && label.length <= 200) return { name: label };
  return { reason: 'its .json has no "label" or "identity" that is a whole number or a name' };
}

/** Labels in order, and the place of each. */
function orderLabels(met: readonly string[]): { identities: string[]; rank: Int32Array } {
  const numbered = met.every((name) => /^\d{1,15}$/.test(name));
  const order = met
    .map((_, i) => i)
    .sort((a, b) => {
      const [left, right] = [met[a]!, met[b]!];
      if (numbered) return Number(left) - Number(right);
      return left < right ? -1 : left > right ? 1 : 0;
    });
  const rank = new Int32Array(met.length);
  for (const [place, label] of order.entries()) rank[label] = place;
  return { identities: order.map((label) => met[label]!), rank };
}

/** File names without .tar, or whole paths where file names do not tell shards apart. */
function shardNames(shards: readonly Shard[]): string[] {
  const short = shards.map(({ name }) => (name.split(/[\\/]/).at(-1) ?? name).replace(/\.tar$/i, ''));
  return new Set(short).size === short.length ? short : shards.map(({ name }) => name.replace(/\.tar$/i, ''));
}
