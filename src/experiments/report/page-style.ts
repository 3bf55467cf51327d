/** The report's styles: light and dark by the reader's own setting, and on paper. */

/** Colours and what stands around the content. A page that shows a report in its own frame brings its own. */
export const FRAME_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fdfdfc; --card: #ffffff; --ink: #16181d; --soft: #5a606b; --line: #e2e3e6; --accent: #1d66b5; --wash: #f2f5f9;
  --yes: #0d7350; --no: #b0401c; --unclear: #5a606b;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #14161a; --card: #1a1d22; --ink: #e8eaee; --soft: #a3a9b5; --line: #31353d; --accent: #7db4f0; --wash: #1d222a; --yes: #5fcfa2; --no: #f0966f; --unclear: #a3a9b5; }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
header, main, footer { max-width: 64rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 3rem; }
.kicker { color: var(--soft); font-size: .875rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h1 { font-size: clamp(1.5rem, 3.4vw, 2.15rem); line-height: 1.22; letter-spacing: -.015em; font-weight: 650; margin: 0 0 1rem; max-width: 46rem; text-wrap: balance; overflow-wrap: anywhere; }
h2 { font-size: 1.35rem; letter-spacing: -.01em; margin: 3rem 0 .75rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
a { color: var(--accent); }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; margin: 1.5rem 0 0; font-size: .9rem; }
footer { color: var(--soft); font-size: .82rem; padding-top: 2.5rem; padding-bottom: 3rem; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
@media screen and (max-width: 44rem) {
  header, main, footer { padding-left: 1rem; padding-right: 1rem; }
  header { padding-top: 1.75rem; }
}
`;

/** Tables, figures, claims, examples; by the colours of whoever shows them. */
export const CONTENT_STYLE = `
h3 { font-size: 1.02rem; margin: 1.75rem 0 .5rem; }
p { margin: .5rem 0; max-width: 46rem; }
.lead { font-size: 1.08rem; }
.caveats { background: var(--wash); border-left: 3px solid var(--accent); border-radius: 0 6px 6px 0; padding: .6rem 1rem .7rem; margin: 1.25rem 0; max-width: 46rem; font-size: .92rem; }
.caveats h2 { all: unset; display: block; font-weight: 600; margin-bottom: .15rem; }
.caveats ul { margin: 0; padding-left: 1.15rem; }
.claims { margin: 1.75rem 0 0; max-width: 58rem; }
.claims h2 { border: 0; padding: 0; margin: 0 0 .5rem; font-size: 1.1rem; }
.claims ol, .claims ul { list-style: none; margin: 0; padding: 0; }
.claims > ol { border-top: 1px solid var(--line); }
.claims > ol > li { border-bottom: 1px solid var(--line); padding: .7rem 0 .8rem; break-inside: avoid; }
.claims h3 { margin: 0 0 .3rem; font-size: 1rem; font-weight: 600; }
.claims ul li + li { margin-top: .45rem; }
.claims p { margin: 0; max-width: none; font-size: .9rem; line-height: 1.5; color: var(--soft); overflow-wrap: anywhere; }
.claims .answer span { display: block; }
@media print, (min-width: 44rem) { .claims ul > li { display: grid; grid-template-columns: 11.5rem 1fr; gap: 1rem; } }
.verdict { font-weight: 650; }
.verdict.yes { color: var(--yes); } .verdict.no { color: var(--no); } .verdict.unclear { color: var(--ink); }
figure { margin: 1.25rem 0; }
figure.chart { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1rem .75rem; break-inside: avoid; }
.crop > svg { display: block; width: 100%; height: auto; max-width: calc(var(--full) * 1.2px); margin: 0 auto; }
.key { display: none; list-style: none; margin: .6rem 0 0; padding: 0; flex-wrap: wrap; gap: .1rem .9rem; font-size: .8rem; }
.key svg { vertical-align: middle; }
.canvas { overflow-x: auto; }
figcaption { color: var(--soft); font-size: .85rem; line-height: 1.45; margin-top: .6rem; max-width: 52rem; }
figcaption strong, caption strong { color: var(--ink); font-weight: 600; }
.pair { display: grid; gap: 1.25rem; align-items: start; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); }
.pair figure { margin: 0; }
.scroll { overflow-x: auto; margin: 1rem 0 1.5rem; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: .85rem; line-height: 1.45; padding-bottom: .7rem; }
.note { color: var(--soft); font-size: .85rem; line-height: 1.45; max-width: 52rem; margin: -.75rem 0 1.75rem; }
.dense .range { display: block; }
th, td { padding: .42rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; vertical-align: baseline; }
thead th { border-bottom: 1.5px solid var(--soft); font-weight: 600; vertical-align: bottom; white-space: normal; }
tbody th { text-align: left; font-weight: 600; }
.words, th:first-child { text-align: left; }
.unit, .spread { color: var(--soft); font-weight: 400; }
.unit { white-space: nowrap; }
.spread { font-size: .8em; }
.settings-grid { display: grid; gap: 1.25rem 2rem; align-items: start; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); margin-top: .75rem; }
.settings-grid caption { padding-bottom: .25rem; }
.settings-grid th { width: 40%; white-space: normal; overflow-wrap: anywhere; }
.settings th, .settings td { padding-top: .25rem; padding-bottom: .25rem; }
.settings td { text-align: left; white-space: normal; overflow-wrap: anywhere; font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; font-size: .82rem; }
.examples { display: grid; gap: 1.25rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 27rem), 1fr)); margin: 1rem 0; }
.examples .example { margin: 0; }
.example { break-inside: avoid; border: 1px solid var(--line); border-radius: 8px; background: var(--card); padding: 1rem; }
.faces { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: .75rem; margin: 0; padding: 0; list-style: none; }
.faces img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; border-radius: 4px; background: var(--wash); }
.faces img.pixels { image-rendering: pixelated; }
.faces span { display: block; font-size: .82rem; line-height: 1.35; margin-top: .35rem; overflow-wrap: anywhere; }
.faces span + span { color: var(--soft); margin-top: 0; }
@media (max-width: 26rem) { .faces { grid-template-columns: repeat(2, 1fr); } }
pre { background: var(--wash); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere; font: .86rem/1.5 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; }
details { margin: .75rem 0; }
summary { cursor: pointer; color: var(--accent); font-size: .92rem; }
details > ul, details > p { font-size: .88rem; color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; margin: 1rem 0; font-size: .92rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
@media screen and (max-width: 44rem) {
  .key { display: flex; }
  .crop { width: max(100%, calc(var(--plot) * .68px)); overflow: hidden; }
  .crop > svg { width: calc(100% * var(--full) / var(--plot)); max-width: none; }
  .crop .legend { display: none; }
  figure.chart { padding: .75rem .75rem .6rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; }
  .range { display: block; }
  .scroll tbody th { position: sticky; left: 0; background: var(--paper); }
}
`;

/** On paper. */
export const PRINT_STYLE = `
@media print {
  :root { --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --wash: #f6f6f6; --accent: #000; --yes: #0d7350; --no: #b0401c; --unclear: #444; color-scheme: light; }
  @page { margin: 16mm 14mm; }
  body { font-size: 10pt; }
  header, main, footer { max-width: none; padding: 0; }
  nav { display: none; }
  h2 { margin-top: 1.5rem; }
  h2, h3, summary { break-after: avoid; }
  .pair { grid-template-columns: 1fr 1fr; }
  table { font-size: 7.6pt; break-inside: avoid; }
  th, td { padding: .25rem .35rem; }
  .scroll, .canvas { overflow: visible; }
  .range { display: block; }
  .examples { grid-template-columns: 1fr 1fr; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
`;
