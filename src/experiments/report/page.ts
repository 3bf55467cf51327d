/** The report: one page that holds everything it shows and asks the network for nothing. */
import type { Claim, Verdict } from './claims.ts';
import { finding } from './finding.ts';
import { escapeMarkup as text } from './format.ts';
import { matchedAccuracy } from './matched.ts';
import { type Section, sectionsOf } from './page-sections.ts';
import { CONTENT_STYLE, FRAME_STYLE, PRINT_STYLE } from './page-style.ts';
import type { Results } from './results.ts';

/** A report in parts, for a page that brings its own frame. All but plain texts is HTML with every name escaped. */
export interface ReportParts {
  /** Name, date, time and adapter; plain text. */
  readonly kicker: string;
  /** What was found, in a sentence; plain text. */
  readonly headline: string;
  /** What else was found, the claims one by one, and what to read with care. */
  readonly summary: string;
  readonly sections: readonly Section[];
}

/** The report in parts; sections that there are no numbers for are left out. Figures are drawn by `document`. */
export function reportParts(results: Results, document: Document): ReportParts {
  const matched = matchedAccuracy(results);
  const found = finding(results, matched);
  const lead = found.details.length === 0 ? '' : `<p class="lead">${text(found.details.join(' '))}</p>`;
  return {
    kicker: `${results.name} · ${readableDate(results.date)} · ${results.adapter.name}`,
    headline: found.headline,
    summary: `${lead}\n${claimList(found.claims)}\n${caveatList(found.caveats)}`,
    sections: sectionsOf(results, matched, document),
  };
}

/**
 * The whole report as one HTML file: no scripts, no requests (its own content policy forbids them), figures as
 * SVG, images as data URIs. Every name is escaped. Figures are drawn by `document`.
 */
export function renderReport(results: Results, document: Document): string {
  const { kicker, headline, summary, sections } = reportParts(results, document);
  const links = sections.map((s) => `<li><a href="#${s.id}">${text(s.title)}</a></li>`).join('');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${text(results.name)} – facet</title>
<style>${FRAME_STYLE}${CONTENT_STYLE}${PRINT_STYLE}</style>
</head>
<body>
<header>
<p class="kicker">facet · ${text(kicker)}</p>
<h1>${text(headline)}</h1>
${summary}
<nav aria-label="Sections"><ul>${links}</ul></nav>
</header>
<main>
${sections.map((s) => `<section aria-labelledby="${s.id}"><h2 id="${s.id}">${text(s.title)}</h2>\n${s.body}\n</section>`).join('\n')}
</main>
<footer><p>Written by facet ${text(results.facetVersion)} from results of schema ${results.schema}, version ${results.version}.</p></footer>
</body>
</html>
`;
}

/** A verdict is told by its word and its mark, not by colour alone. */
const MARKS: Readonly<Record<Verdict, { mark: string; kind: string }>> = {
  yes: { mark: '✓', kind: 'yes' },
  no: { mark: '✗', kind: 'no' },
  'no clear difference': { mark: '≈', kind: 'unclear' },
};

function claimList(claims: readonly Claim[]): string {
  if (claims.length === 0) return '';
  const items = claims.map(({ question, answers }) => {
    const rows = answers.map(({ at, verdict, words }) => {
      const { mark, kind } = MARKS[verdict];
      return `<li><p class="answer"><strong class="verdict ${kind}">${mark} ${verdict}</strong> <span class="at">at ${text(at)}</span></p><p>${text(words)}</p></li>`;
    });
    return `<li><h3>${text(question)}</h3><ul>${rows.join('')}</ul></li>`;
  });
  return `<div class="claims" role="region" aria-labelledby="claims"><h2 id="claims">Claim by claim</h2><ol>${items.join('')}</ol></div>`;
}

function caveatList(caveats: readonly string[]): string {
  if (caveats.length === 0) return '';
  return `<aside class="caveats" aria-labelledby="caveats"><h2 id="caveats">Read with care</h2><ul>${caveats.map((c) => `<li>${text(c)}</li>`).join('')}</ul></aside>`;
}

/** 2020-01-02T03:04:05Z as 2 January 2020, in UTC whatever the machine's zone. */
function readableDate(date: string): string {
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(date));
}
