/** Reads and draws reports beside the page's own thread: statistics and figures take longer than a page may stand still. */
import { expose } from 'comlink';
import type { RenderedReport } from './render.ts';

/** More is no results.json: a study of five seeds and ten defences has a few megabytes. */
const MOST_BYTES = 64 * 2 ** 20;

export class ReportReader {
  /** Reads a results.json. Rejects with an Error that says what is wrong with it. */
  async open(file: Blob, name: string): Promise<RenderedReport> {
    if (file.size > MOST_BYTES) {
      throw new Error(
        `${name} has ${Math.round(file.size / 2 ** 20)} MiB; a results.json of at most ${MOST_BYTES / 2 ** 20} MiB can be shown here.`,
      );
    }
    const [text, { renderResults }, { newDocument }] = await Promise.all([
      file.text(),
      import('./render.ts'),
      import('../../experiments/report/document.ts'),
    ]);
    return renderResults(text, name, newDocument());
  }
}

expose(new ReportReader());
