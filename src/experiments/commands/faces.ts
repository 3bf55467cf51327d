/** `facet faces`: a contact sheet of synthetic faces, to see what a training set is made of. */
import type { Command } from 'commander';
import { contactSheet, MAX_SIZE, MIN_SIZE } from '../../data/synthetic/index.ts';
import { real, whole } from '../numbers.ts';

interface FacesOptions {
  readonly identities: number;
  readonly shots: number;
  readonly seed: number;
  readonly size: number;
  readonly firstIdentity: number;
  readonly variation: number;
  readonly out: string;
  readonly json?: boolean;
}

/** Adds `facet faces` to the program. */
export function registerFaces(program: Command): void {
  program
    .command('faces')
    .description('draw a contact sheet of synthetic faces: one person per row, one shot per column')
    .option('--identities <n>', 'how many people', whole(1, 1000), 8)
    .option('--shots <n>', 'how many shots of each', whole(1, 1000), 8)
    .option('--seed <n>', 'world of faces', whole(0, Number.MAX_SAFE_INTEGER), 1)
    .option('--size <pixels>', 'side of one face', whole(MIN_SIZE, MAX_SIZE), 112)
    .option('--first-identity <n>', 'number of the first person', whole(0, Number.MAX_SAFE_INTEGER - 1000), 0)
    .option('--variation <v>', 'how much shots differ, 0 to 1', real(0, 1), 1)
    .option('--out <file>', 'PNG to write', 'faces.png')
    .option('--json', 'print what was drawn, as JSON')
    .action(async (options: FacesOptions) => {
      const { out, json, ...request } = options;
      const sheet = contactSheet(request);
      const { width, height } = sheet;
      // Loaded here, so that the other commands start without it.
      const { default: sharp } = await import('sharp');
      try {
        await sharp(sheet.pixels, { raw: { width, height, channels: 3 } })
          .png({ compressionLevel: 9 })
          .toFile(out);
      } catch (error) {
        // The encoder reports every layer it passed through; the first line has the cause.
        const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
        throw new Error(
          `faces: could not write ${out}: ${reason}; expected a path to a .png in a folder that exists`,
        );
      }
      const text = json
        ? JSON.stringify({ out, width, height, ...request }, null, 2)
        : `${out}: ${request.identities} people × ${request.shots} shots, ${width} × ${height} pixels`;
      process.stdout.write(`${text}\n`);
    });
}
