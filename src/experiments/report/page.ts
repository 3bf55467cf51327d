/** The report: one page that holds everything it shows and asks the network for nothing. */
import type { Claim, Verdict } from './claims.ts';
import { finding } from './finding.ts';
import { duration, escapeMarkup as text } from './format.ts';
import { matchedAccuracy } from './matched.ts';
import { sectionsOf } from './page-sections.ts';
import { PAGE_STYLE } from './page-style.ts';
import type { Results } from './results.ts';

/**
 * The whole report as one HTML file: no scripts, no requests (its own content policy forbids them), figures as
 * SVG, images as data URIs. Every name is escaped. Sections that there are no numbers for are left out.
 */
export function renderReport(results: Results): string {
  const matched = matchedAccuracy(results);
  const found = finding(results, matched);
  const sections = sectionsOf(results, matched);
  const links = sections.map((s) => `<li><a href="#${s.id}">${text(s.title)}</a></li>`).join('');
  const lead = found.details.length === 0 ? '' : `<p class="lead">${text(found.details.join(' '))}</p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${text(results.name)} – facet</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>
<p class="kicker">facet · ${text(results.name)} · ${text(readableDate(results.date))} · ${text(duration(results.durationSeconds))} on ${text(results.adapter.name)}</p>
<h1>${text(found.headline)}</h1>
${lead}
${claimList(found.claims)}
${caveatList(found.caveats)}
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
