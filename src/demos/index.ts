/** Which pages there are. A page is a folder beside this file and a line here; docs/demos.md says what the folder holds. */

export interface DemoPage {
  /** Folder under src/demos, and of the page's address. */
  readonly folder: string;
  readonly title: string;
  /** One line for someone who has never heard of it. */
  readonly line: string;
}

/** In the order of the navigation. */
export const PAGES: readonly DemoPage[] = [];

/** What the shell needs to know of the first screen. */
export const HOME = { folder: 'home', title: 'facet in the browser' } as const;
