/** `facet data inspect`: what a face set or a list of pairs is, before anything is trained or measured on it. */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import {
  alignedFaceSet,
  type FaceSet,
  type Inspection,
  inspectFaceSet,
  messageOf,
  openFaceSet,
  openPairs,
  type PictureSummary,
  readLandmarks,
  type Skipped,
  sampleSheet,
  type VerificationSet,
} from '../../data/index.ts';
import { readText } from '../../platform/node-files.ts';
import { encodeRgbPng, nodeDataHost } from '../../platform/node-images.ts';
import { whole } from '../numbers.ts';
import { patientProgress } from '../patient-progress.ts';
import { type Progress, silentProgress, terminalProgress } from '../study/progress.ts';
import { addAlign } from './data-align.ts';

interface InspectOptions {
  readonly images?: string;
  readonly landmarks?: string;
  readonly check?: boolean;
  readonly loose?: boolean;
  readonly sheet?: string;
  readonly rows: number;
  readonly columns: number;
  readonly size: number;
  readonly json?: boolean;
}

/** Adds `facet data` to the program. */
export function registerData(program: Command): void {
  const data = program.command('data').description('look at data sets, and align them');
  data
    .command('inspect')
    .description('say what a face set or a list of pairs is: counts, sizes, images per identity, damage')
    .argument(
      '<path>',
      'a folder or tar of identity/image, train.rec, WebDataset shards ("shard-{000..099}.tar"), an InsightFace .bin, or a list of pairs',
    )
    .option('--images <set>', 'where the images of a list of pairs are')
    .option('--landmarks <csv>', 'align by these five points of each image (docs/data-formats.md)')
    .option('--loose', 'take images wherever they lie, not only in identity/image')
    .option('--check', 'decode every image, and name the damaged ones')
    .option('--sheet <png>', 'write a contact sheet of some of the images')
    .option('--rows <n>', 'identities on the sheet', whole(1, 1000), 8)
    .option('--columns <n>', 'images of each', whole(1, 1000), 8)
    .option('--size <pixels>', 'side of a face on the sheet', whole(8, 1024), 112)
    .option('--json', 'print what was found as JSON, and no progress')
    .action(inspectCommand);
  addAlign(data);
}

/** What the command found out, as `--json` prints it. */
interface Report extends Inspection {
  readonly path: string;
  readonly format: string;
  readonly passedOver: { readonly count: number; readonly first: readonly Skipped[] };
  readonly pairs?: { readonly same: number; readonly different: number; readonly folds: number };
  readonly sheet?: string;
}

interface Opened {
  readonly faces: FaceSet;
  readonly format: string;
  readonly skipped: readonly Skipped[];
  readonly pairs?: VerificationSet;
  close(): Promise<void>;
}

async function inspectCommand(path: string, options: InspectOptions): Promise<void> {
  const progress = patientProgress(options.json ? silentProgress : terminalProgress());
  const opened = await progress.during('open', 100, (tick) =>
    open(path, options, (done, total) => tick(Math.floor((100 * done) / Math.max(1, total)))),
  );
  try {
    const { faces, skipped } = opened;
    const landmarks =
      options.landmarks === undefined
        ? undefined
        : readLandmarks(await readText(options.landmarks), faces, options.landmarks);
    const passedOver = [...skipped, ...(landmarks?.skipped ?? [])];
    const inspection = await inspect(faces, options, progress);
    const shown = landmarks ? alignedFaceSet(faces, landmarks, nodeDataHost.decodePicture) : faces;
    if (options.sheet !== undefined) await writeSheet(shown, options.sheet, options, progress);
    const report: Report = {
      path,
      format: opened.format,
      ...inspection,
      passedOver: { count: passedOver.length, first: passedOver.slice(0, 100) },
      ...(opened.pairs ? { pairs: countPairs(opened.pairs) } : {}),
      ...(options.sheet === undefined ? {} : { sheet: options.sheet }),
    };
    process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : describe(report)}\n`);
  } finally {
    await opened.close();
  }
}

/** A list of pairs where images are named for it, and a .bin is one; else a face set. */
async function open(
  path: string,
  { images, loose = false }: InspectOptions,
  onProgress: (done: number, total: number) => void,
): Promise<Opened> {
  if (images === undefined && !/\.bin$/i.test(path)) {
    const faces = await openFaceSet(path, nodeDataHost, { loose, onProgress });
    return { faces, format: faces.format, skipped: faces.skipped, close: () => faces.close() };
  }
  const pairs = await openPairs(path, nodeDataHost, images === undefined ? {} : { images });
  const { faces, format, skipped } = pairs;
  return { faces, format, skipped, pairs, close: () => pairs.close() };
}

/** Images whose headers are read where not all are decoded. */
const SAMPLE = 1000;

function inspect(faces: FaceSet, { check }: InspectOptions, progress: Progress): Promise<Inspection> {
  const images = faces.labels.length;
  const [label, total] = check ? ['decode images', images] : ['read headers', Math.min(SAMPLE, images)];
  return progress.during(label, total, (tick) =>
    inspectFaceSet(faces, {
      ...(check ? { check: nodeDataHost.decodePicture } : { sample: SAMPLE }),
      onProgress: (done) => tick(done),
    }),
  );
}

async function writeSheet(
  faces: FaceSet,
  file: string,
  { rows, columns, size }: InspectOptions,
  progress: Progress,
): Promise<void> {
  const sheet = await progress.during('contact sheet', 1, () => sampleSheet(faces, { rows, columns, size }));
  const png = await encodeRgbPng(sheet);
  try {
    await writeFile(file, png);
  } catch (error) {
    throw new Error(
      `data inspect: could not write ${file}: ${messageOf(error)}; expected a path to a .png in a folder that exists`,
    );
  }
}

function countPairs({ pairs, folds }: VerificationSet): NonNullable<Report['pairs']> {
  const same = pairs.filter((pair) => pair.same).length;
  return { same, different: pairs.length - same, folds };
}

const number = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 1 });

/** The report for people. */
function describe(report: Report): string {
  const { imagesPerIdentity: spread, pairs, pictures, passedOver } = report;
  const rows: [string, string][] = [
    ['images', number(report.images)],
    ['identities', number(report.identities)],
    [
      'images of each',
      `${number(spread.fewest)} to ${number(spread.most)}, median ${number(spread.median)}, mean ${number(spread.mean)}` +
        (spread.singles === 0
          ? ''
          : `; ${number(spread.singles)} ${spread.singles === 1 ? 'identity has' : 'identities have'} one`),
    ],
    ...(pairs
      ? [
          row(
            'pairs',
            `${number(pairs.same)} same, ${number(pairs.different)} different, ${pairs.folds} ${pairs.folds === 1 ? 'fold' : 'folds'}`,
          ),
        ]
      : []),
    ...(pictures ? pictureRows(pictures, report.images) : []),
    [
      'passed over',
      passedOver.count === 0 ? 'nothing' : `${number(passedOver.count)}${named(passedOver.first)}`,
    ],
    ...(report.sheet === undefined ? [] : [row('contact sheet', report.sheet)]),
  ];
  return [
    `${report.path}: ${report.format}`,
    ...rows.map(([name, value]) => `  ${name.padEnd(16)}${value}`),
    '',
    '  images per identity, and how many identities have so many',
    ...histogram(spread.histogram),
  ].join('\n');
}

function row(name: string, value: string): [string, string] {
  return [name, value];
}

function pictureRows(pictures: PictureSummary, images: number): [string, string][] {
  const { examined, decoded, sizes, differentSizes, formats, damaged, damagedImages, meanBytes } = pictures;
  const of = examined === images ? '' : ` (of ${number(examined)} looked at)`;
  const shown = sizes.map((size) => `${size.width}×${size.height}: ${number(size.images)}`).join(', ');
  const more =
    differentSizes > sizes.length ? `, and ${number(differentSizes - sizes.length)} other sizes` : '';
  const kinds = Object.entries(formats).map(([format, count]) => `${format}: ${number(count)}`);
  return [
    ['sizes', `${shown || 'none'}${more}${of}`],
    ['formats', `${kinds.join(', ') || 'none'}; ${number(meanBytes)} bytes each on average`],
    [
      'damaged',
      `${number(damaged)} of ${number(examined)} ${decoded ? 'decoded' : 'whose headers were read; --check decodes all'}${named(damagedImages)}`,
    ],
  ];
}

/** The first few of a list, one a line. */
function named(items: readonly Skipped[]): string {
  const lines = items.slice(0, 10).map(({ name, reason }) => `\n                    ${name}: ${reason}`);
  return lines.join('') + (items.length > 10 ? '\n                    …' : '');
}

const BAR = 40;

function histogram(bars: Inspection['imagesPerIdentity']['histogram']): string[] {
  const most = Math.max(1, ...bars.map(({ identities }) => identities));
  const labels = bars.map(({ from, to }) => (from === to ? String(from) : `${from}–${to}`));
  const width = Math.max(...labels.map((label) => label.length));
  return bars.map(({ identities }, i) => {
    // Whoever is there is seen: a bar is never empty unless its count is.
    const length = Math.ceil((identities / most) * BAR);
    return `  ${labels[i]!.padStart(width + 2)}  ${'█'.repeat(length).padEnd(BAR)} ${number(identities)}`;
  });
}
