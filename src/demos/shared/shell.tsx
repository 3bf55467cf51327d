/** What every page wears: heading, navigation, theme switch, footer. */
import { type ComponentChildren, render } from 'preact';
import { HOME, PAGES } from '../index.ts';
import { ThemeSwitch } from './theme-switch.tsx';

export interface ShellProps {
  /** The page's folder, as in src/demos/index.ts. */
  readonly page: string;
  readonly title: string;
  /** One or two sentences under the heading, for someone who comes here first. */
  readonly lead?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** Relative, so that any folder of any host can serve the pages; with file names, since not every host finds index.html. */
function addressOf(from: string, to: string): string {
  const up = from === HOME.folder ? './' : '../';
  return to === HOME.folder ? `${up}index.html` : `${up}${to}/index.html`;
}

/** A page with its frame. Each page has exactly one, with everything else inside. */
export function Shell({ page, title, lead, children }: ShellProps) {
  const places = [{ folder: HOME.folder, title: 'Start' }, ...PAGES];
  return (
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="top">
        <a class="brand" href={addressOf(page, HOME.folder)}>
          <img src={page === HOME.folder ? './icon.svg' : '../icon.svg'} alt="" width="22" height="22" />
          facet
        </a>
        <nav aria-label="Pages">
          <ul>
            {places.map(({ folder, title: name }) => (
              <li key={folder}>
                <a href={addressOf(page, folder)} aria-current={folder === page ? 'page' : undefined}>
                  {name}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <ThemeSwitch />
      </header>
      <main id="main" tabIndex={-1}>
        <div class="heading">
          <h1>{title}</h1>
          {lead && <p class="lead">{lead}</p>}
        </div>
        {children}
      </main>
      <footer class="bottom">
        <p>
          Everything runs in this browser: no picture, file or number leaves the page, and nothing is fetched
          from elsewhere.
        </p>
      </footer>
    </>
  );
}

/** Draws a page's element into the document. */
export function mountPage(page: ComponentChildren): void {
  const root = document.getElementById('page');
  if (!root) throw new Error('mountPage: expected an element with the id "page" in the document');
  // In a task of its own, after the scripts have been evaluated, so that neither keeps the page from answering.
  setTimeout(() => {
    root.replaceChildren();
    render(page, root);
  });
}
