/** `facet data align`: photographs with landmarks to a folder of aligned faces, which everything else reads. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import {
  alignedFaceSet,
  type FaceSet,
  ImageError,
  openFaceSet,
  readLandmarks,
  type Skipped,
  TEMPLATE_SIZE,
} from '../../data/index.ts';
import { readText } from '../../platform/node-files.ts';
import { encodeRgbPng, nodeDataHost } from '../../platform/node-images.ts';
import { whole } from '../numbers.ts';
import { patientProgress } from '../patient-progress.ts';
import { silentProgress, terminalProgress } from '../study/progress.ts';
import { exists, writeWhole } from '../study/run-folder.ts';

interface AlignOptions {
  readonly landmarks: string;
  readonly out: string;
  readonly size: number;
  readonly loose?: boolean;
  readonly resume?: boolean;
  readonly json?: boolean;
}

/** Adds `facet data align` to `facet data`. */
export function addAlign(data: Command): void {
  data
    .command('align')
    .description('write a folder of faces, turned and cut by five landmarks of each image')
    .argument('<path>', 'a folder or tar of photographs, as identity/image')
    .requiredOption('--landmarks <csv>', 'five points of each image (docs/data-formats.md)')
    .requiredOption('--out <folder>', 'where the faces go, as identity/image.png')
    .option('--size <pixels>', 'side of a face', whole(8, 1024), TEMPLATE_SIZE)
    .option('--loose', 'take images wherever they lie, not only in identity/image')
    .option('--resume', 'go on with a folder that was begun: faces in it are not made again')
    .option('--json', 'print what was written as JSON, and no progress')
    .action(alignCommand);
}

async function alignCommand(path: string, options: AlignOptions): Promise<void> {
  const { landmarks: table, out, size, json, loose = false, resume = false } = options;
  const progress = patientProgress(json ? silentProgress : terminalProgress());
  const set = await openFaceSet(path, nodeDataHost, { loose });
  try {
    const landmarks = readLandmarks(await readText(table), set, table);
    const aligned = alignedFaceSet(set, landmarks, nodeDataHost.decodePicture);
    if (!resume) await requireEmpty(out);
    const { written, kept, damaged } = await progress.during('align', aligned.labels.length, (tick) =>
      writeFaces(aligned, out, size, tick),
    );
    const passedOver = [...set.skipped, ...landmarks.skipped, ...damaged];
    const text = json
      ? JSON.stringify(
          { out, size, written, kept, passedOver: passedOver.length, first: passedOver.slice(0, 100) },
          null,
          2,
        )
      : [
          `${out}: ${written} faces of ${size}×${size} pixels${kept > 0 ? `, ${kept} were there` : ''}`,
          ...(passedOver.length > 0 ? [`${passedOver.length} images were passed over`] : []),
          ...passedOver.slice(0, 10).map(({ name, reason }) => `  ${name}: ${reason}`),
        ].join('\n');
    process.stdout.write(`${text}\n`);
  } finally {
    await set.close();
  }
}

/** Throws unless the folder is empty or not there: faces of two runs are not to be mixed unnoticed. */
async function requireEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new Error(`${folder}: cannot be written to (${error.code ?? error.message}); choose another --out`);
  });
  if (names.length > 0) {
    throw new Error(
      `${folder}: expected an empty folder or none, got one with ${names[0]} in it; choose another --out, or go on with it by --resume`,
    );
  }
}

/** Faces worked on at a time. */
const AT_ONCE = 8;

interface Written {
  readonly written: number;
  readonly kept: number;
  readonly damaged: readonly Skipped[];
}

/** Each file whole or not at all, so that a run which was stopped can go on. */
async function writeFaces(
  set: FaceSet,
  out: string,
  size: number,
  tick: (done: number) => void,
): Promise<Written> {
  const damaged: Skipped[] = [];
  const paths = facePaths(set);
  let [next, done, written, kept] = [0, 0, 0, 0];
  const worker = async (): Promise<void> => {
    for (let index = next++; index < set.labels.length; index = next++) {
      const file = join(out, paths[index]!);
      if (await exists(file)) kept++;
      else {
        const pixels = await set.read(index, size).catch((thrown: unknown) => {
          if (!(thrown instanceof ImageError)) throw thrown;
          damaged.push({ name: set.imageName(index), reason: thrown.message });
          return undefined;
        });
        if (pixels) {
          await writeWhole(file, await encodeRgbPng({ width: size, height: size, pixels }));
          written++;
        }
      }
      tick(++done);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { written, kept, damaged };
}

/**
 * identity/image.png for each image. Names may hold folders, and may come from a stranger's archive; two that would be one
 * (1.jpg and 1.png) are told apart by a number.
 */
function facePaths(set: FaceSet): string[] {
  const taken = new Map<string, number>();
  return Array.from(set.labels, (label, index) => {
    const identity = set.identities[label]!;
    const name = set.imageName(index);
    const own = name.startsWith(`${identity}/`) ? name.slice(identity.length + 1) : name;
    const path = join(safeName(identity), safeName(own.replace(/\.\w+$/, '')));
    const before = taken.get(path) ?? 0;
    taken.set(path, before + 1);
    return `${path}${before === 0 ? '' : `~${before + 1}`}.png`;
  });
}

/** Nothing that leads elsewhere, or that some file system refuses. */
function safeName(name: string): string {
  const safe = name.replace(/[\\/:*?"<>|\p{Cc}]/gu, '_');
  return /^\.*$/.test(safe) ? `_${safe}` : safe;
}
