/** From a file's text to a report in parts. Loaded when the first file is opened: it brings along all that draws. */
import '../shared/zod-without-eval.ts';
import {
  CONTENT_STYLE,
  parseResults,
  type ReportParts,
  type Results,
  reportParts,
} from '../../experiments/report/index.ts';

/** What the page shows. HTML in it is the report's own: every name is escaped. */
export interface RenderedReport extends ReportParts {
  /** Styles of what is in the sections. */
  readonly style: string;
  readonly pictures: number;
}

/**
 * A results.json as a report; `name` is the file's, for messages, and `document` draws the figures. Throws an Error that says what is
 * wrong: no JSON, another schema or version, fields that are missing.
 */
export function renderResults(text: string, name: string, document: Document): RenderedReport {
  const results: Results = parseResults(parseJson(text, name), name);
  return { ...reportParts(results, document), style: CONTENT_STYLE, pictures: results.examples.length };
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${name} is not JSON (${why}). Give the results.json that a facet run wrote.`);
  }
}
