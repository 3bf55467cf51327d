/** Many drawn faces on one picture: a row per person, numbered in the margins. */
import { contactSheetPaper } from '../contact-sheet.ts';
import type { Picture } from '../host.ts';
import { drawFace } from './draw-face.ts';
import { requireInteger } from './random.ts';

export interface ContactSheetOptions {
  readonly seed: number;
  readonly firstIdentity: number;
  /** Rows. */
  readonly identities: number;
  /** Columns. */
  readonly shots: number;
  /** Side of one face, pixels. */
  readonly size: number;
  readonly variation?: number;
}

/** Draws a contact sheet. Throws a DataError where a number is out of range or the sheet would be huge. */
export function contactSheet(options: ContactSheetOptions): Picture {
  const { identities, shots, size, firstIdentity } = options;
  requireInteger('identities', identities, 1, 1000);
  requireInteger('shots', shots, 1, 1000);
  const rows = Array.from({ length: identities }, (_, row) => firstIdentity + row);
  const { picture, place } = contactSheetPaper({ rows, columns: shots, size });
  for (const [row, identity] of rows.entries()) {
    for (let shot = 0; shot < shots; shot++) place(row, shot, drawFace({ ...options, identity, shot }));
  }
  return picture;
}
