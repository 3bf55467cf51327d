/** Which pages there are. A page is a folder beside this file and a line here; docs/demos.md says what the folder holds. */

export interface DemoPage {
  /** Folder under src/demos, and of the page's address. */
  readonly folder: string;
  readonly title: string;
  /** One line for someone who has never heard of it. */
  readonly line: string;
}

/** In the order of the navigation. */
export const PAGES: readonly DemoPage[] = [
  {
    folder: 'attack-lab',
    title: 'Attack lab',
    line: 'Change a face a little until a network takes it for another person, and see how much more that takes against a defence.',
  },
  {
    folder: 'directions',
    title: 'Directions',
    line: 'Train three small ensembles and see what it means for their members to agree or to differ.',
  },
  {
    folder: 'kernel-bench',
    title: 'Kernel bench',
    line: 'How fast your graphics card runs what a face recogniser is made of, and how fast it could at most.',
  },
  {
    folder: 'report-viewer',
    title: 'Report viewer',
    line: 'Open the results of a study, and read them as tables and figures.',
  },
];

/** What the shell needs to know of the first screen. */
export const HOME = { folder: 'home', title: 'facet in the browser' } as const;
