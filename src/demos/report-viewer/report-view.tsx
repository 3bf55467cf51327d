/** A report in the page's own frame: its findings, its sections one after another, its contents. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { RenderedReport } from './render.ts';

export function ReportView({ report }: { readonly report: RenderedReport }) {
  const { kicker, headline, summary, sections, style } = report;
  const [shown, setShown] = useState(0);
  // A section at a time, each in a task of its own: all at once would hold the page up.
  useEffect(() => {
    if (shown >= sections.length) return;
    const timer = setTimeout(() => setShown(shown + 1));
    return () => clearTimeout(timer);
  }, [shown, sections.length]);
  return (
    <article class="report" aria-labelledby="headline">
      <style>{`.report { ${style} }`}</style>
      <p class="kicker">{kicker}</p>
      <h2 id="headline">{headline}</h2>
      <Html html={summary} />
      <nav aria-label="Sections">
        <ul class="contents">
          {sections.map(({ id, title }) => (
            <li key={id}>
              <a href={`#${id}`}>{title}</a>
            </li>
          ))}
        </ul>
      </nav>
      {sections.slice(0, shown).map(({ id, title, body }) => (
        <section key={id} aria-labelledby={id} class="chapter">
          <h2 id={id}>{title}</h2>
          <Html html={body} />
        </section>
      ))}
      {shown < sections.length && <p role="status">Drawing …</p>}
    </article>
  );
}

/** The report's HTML: made by us with every name escaped, and the page's policy lets no script in it run. */
function Html({ html }: { readonly html: string }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current } = place;
    if (!current) return;
    current.innerHTML = html;
    // A figure is one picture with one name; the plotting library names its parts as well, which screen readers may not be told.
    for (const part of current.querySelectorAll('svg[role=img] g[aria-label]'))
      part.removeAttribute('aria-label');
  }, [html]);
  return <div ref={place} />;
}
