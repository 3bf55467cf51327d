/** Which face stands on which side: one that the project draws, or the visitor's own with a square placed on it. */
import type { Crop } from './crop.ts';

/** World of the drawn people; the shipped networks were trained on others of the same world. */
export const SEED = 1;

/** The networks learned from the people below this number; these are strangers to them. */
export const FIRST_PERSON = 1_000_000;

/** How many strangers there are to choose from, and how many photographs of each. */
export const PEOPLE = 60;
export const SHOTS = 10;

export interface DrawnFace {
  readonly kind: 'drawn';
  /** From 0; `FIRST_PERSON` is added. */
  readonly person: number;
  readonly shot: number;
}

export interface OwnFace {
  readonly kind: 'own';
  /** The file's name, or where it came from. */
  readonly label: string;
  readonly picture: ImageBitmap;
  readonly crop: Crop;
}

export type FaceChoice = DrawnFace | OwnFace;

/** For people: 'Drawn person 12, picture 3'. */
export function faceLabel(face: FaceChoice): string {
  return face.kind === 'drawn' ? `drawn person ${face.person + 1}, picture ${face.shot + 1}` : face.label;
}

/** Another person than those given, chosen by `random` in [0, 1). */
export function anotherPerson(random: () => number, ...taken: readonly FaceChoice[]): DrawnFace {
  const used = new Set(taken.map((face) => (face.kind === 'drawn' ? face.person : -1)));
  const free = Array.from({ length: PEOPLE }, (_, person) => person).filter((person) => !used.has(person));
  return {
    kind: 'drawn',
    person: free[Math.floor(random() * free.length)] ?? 0,
    shot: Math.floor(random() * SHOTS),
  };
}
