/** The defences of the study, by name and in order; apart from what they are, so that a report need not load the losses. */
export const DEFENCE_NAMES = [
  'single',
  'ensemble',
  'adp',
  'advt',
  'shared',
  'diverse',
  'diverse-unshared',
  'diverse-advt',
] as const;
export type DefenceName = (typeof DEFENCE_NAMES)[number];
