/** Many faces on one picture: a row per person, numbered in the margins. */
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

export interface ContactSheet {
  readonly width: number;
  readonly height: number;
  /** RGB bytes, `height × width × 3`. */
  readonly pixels: Uint8Array;
}

/** Digits as five rows of three bits. Drawn here, so that a sheet needs no font and looks alike everywhere. */
const DIGITS = [0o75557, 0o26227, 0o71747, 0o71717, 0o55711, 0o74717, 0o74757, 0o71222, 0o75757, 0o75717];
const PAPER = 250;
const INK = 70;
const GAP = 2;
/** 16 megapixels; beyond that a sheet is a mistake of arguments. */
const MOST_PIXELS = 2 ** 24;

function write(sheet: ContactSheet, text: string, x: number, y: number, zoom: number): void {
  for (const [k, digit] of [...text].entries()) {
    const rows = DIGITS[Number(digit)]!;
    for (let j = 0; j < 5 * zoom; j++) {
      const row = rows >> (3 * (4 - Math.floor(j / zoom)));
      for (let i = 0; i < 3 * zoom; i++) {
        if (((row >> (2 - Math.floor(i / zoom))) & 1) === 0) continue;
        const at = ((y + j) * sheet.width + x + k * 4 * zoom + i) * 3;
        sheet.pixels.fill(INK, at, at + 3);
      }
    }
  }
}

/** Draws a contact sheet. Throws a DataError where a number is out of range or the sheet would be huge. */
export function contactSheet(options: ContactSheetOptions): ContactSheet {
  const { identities, shots, size, firstIdentity } = options;
  requireInteger('identities', identities, 1, 1000);
  requireInteger('shots', shots, 1, 1000);
  const zoom = size < 80 ? 1 : 2;
  const last = String(firstIdentity + identities - 1);
  const left = (last.length * 4 + 3) * zoom;
  const top = 9 * zoom;
  const width = left + shots * (size + GAP);
  const height = top + identities * (size + GAP);
  requireInteger('pixels of the sheet', width * height, 1, MOST_PIXELS);
  const sheet = { width, height, pixels: new Uint8Array(width * height * 3).fill(PAPER) };
  for (let shot = 0; shot < shots; shot++) {
    const label = String(shot);
    const x = left + shot * (size + GAP) + Math.floor((size - (label.length * 4 - 1) * zoom) / 2);
    write(sheet, label, x, 2 * zoom, zoom);
  }
  for (let row = 0; row < identities; row++) {
    const y = top + row * (size + GAP);
    write(sheet, String(firstIdentity + row), zoom, y + Math.floor((size - 5 * zoom) / 2), zoom);
    for (let shot = 0; shot < shots; shot++) {
      const face = drawFace({ ...options, identity: firstIdentity + row, shot });
      const x = left + shot * (size + GAP);
      for (let line = 0; line < size; line++) {
        sheet.pixels.set(face.subarray(line * size * 3, (line + 1) * size * 3), ((y + line) * width + x) * 3);
      }
    }
  }
  return sheet;
}
