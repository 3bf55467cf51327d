/** Many faces on one picture: rows and columns, numbered in the margins. */
import { DataError } from './errors.ts';
import type { Picture } from './host.ts';

export interface ContactSheetPlan {
  /** Number that each row is labelled with. */
  readonly rows: readonly number[];
  /** How many columns, numbered from 0. */
  readonly columns: number;
  /** Side of one face, pixels. */
  readonly size: number;
}

export interface ContactSheetPaper {
  readonly picture: Picture;
  /** Puts a face (RGB bytes, size × size × 3) into a cell, both counted from 0. Empty cells are grey. */
  place(row: number, column: number, face: Uint8Array): void;
}

/** Digits as five rows of three bits. Drawn here, so that a sheet needs no font and looks alike everywhere. */
const DIGITS = [0o75557, 0o26227, 0o71747, 0o71717, 0o55711, 0o74717, 0o74757, 0o71222, 0o75757, 0o75717];
const PAPER = 250;
const EMPTY = 225;
const INK = 70;
const GAP = 2;
/** 16 megapixels; beyond that a sheet is a mistake of arguments. */
const MOST_PIXELS = 2 ** 24;

/** An empty sheet with its margins numbered. Throws a DataError where it would be empty or huge. */
export function contactSheetPaper({ rows, columns, size }: ContactSheetPlan): ContactSheetPaper {
  const zoom = size < 80 ? 1 : 2;
  const digits = Math.max(1, ...rows.map((label) => String(label).length));
  const left = (digits * 4 + 3) * zoom;
  const top = 9 * zoom;
  const width = left + columns * (size + GAP);
  const height = top + rows.length * (size + GAP);
  if (rows.length === 0 || columns < 1 || !(width * height <= MOST_PIXELS)) {
    throw new DataError(
      `contact sheet: ${rows.length} rows of ${columns} faces of ${size} pixels are ${width} × ${height} pixels; ` +
        `expected at least one face and at most ${MOST_PIXELS} pixels`,
    );
  }
  const picture = { width, height, pixels: new Uint8Array(width * height * 3).fill(PAPER) };
  const corner = (row: number, column: number): [x: number, y: number] => [
    left + column * (size + GAP),
    top + row * (size + GAP),
  ];
  for (let column = 0; column < columns; column++) {
    const label = String(column);
    const x = corner(0, column)[0] + Math.floor((size - (label.length * 4 - 1) * zoom) / 2);
    write(picture, label, x, 2 * zoom, zoom);
  }
  for (const [row, label] of rows.entries()) {
    write(picture, String(label), zoom, corner(row, 0)[1] + Math.floor((size - 5 * zoom) / 2), zoom);
  }
  const eachLine = (row: number, column: number, paint: (line: number, at: number) => void): void => {
    const [x, y] = corner(row, column);
    for (let line = 0; line < size; line++) paint(line, ((y + line) * width + x) * 3);
  };
  for (let row = 0; row < rows.length; row++) {
    for (let column = 0; column < columns; column++) {
      eachLine(row, column, (_, at) => picture.pixels.fill(EMPTY, at, at + size * 3));
    }
  }
  return {
    picture,
    place(row, column, face) {
      eachLine(row, column, (line, at) => {
        picture.pixels.set(face.subarray(line * size * 3, (line + 1) * size * 3), at);
      });
    },
  };
}

function write({ width, pixels }: Picture, text: string, x: number, y: number, zoom: number): void {
  for (const [k, digit] of [...text].entries()) {
    const rows = DIGITS[Number(digit)]!;
    for (let j = 0; j < 5 * zoom; j++) {
      const row = rows >> (3 * (4 - Math.floor(j / zoom)));
      for (let i = 0; i < 3 * zoom; i++) {
        if (((row >> (2 - Math.floor(i / zoom))) & 1) === 0) continue;
        const at = ((y + j) * width + x + k * 4 * zoom + i) * 3;
        pixels.fill(INK, at, at + 3);
      }
    }
  }
}
