/** How numbers and names are written, in every table, figure and page alike. */
import type { Interval } from '../../evaluation/intervals.ts';

/** Pixels in [0, 1] as steps of an 8-bit image, the unit that perturbations are spoken of in. */
export const PIXEL_STEPS = 255;

/** A number with so many decimals; a true minus sign, ∞ as such, and – for what is not known. */
export function fixed(value: number, decimals: number): string {
  if (Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const text = value.toFixed(decimals);
  // toFixed(−0.001) gives −0.00, which is no less than 0.00.
  return Number(text) === 0 ? text.replace('-', '') : text.replace('-', '−');
}

/** The same with its sign, for differences; 0 has none. */
export function signed(value: number, decimals: number): string {
  const text = fixed(value, decimals);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** A rate in [0, 1] as a percentage, without the sign. */
export function percent(rate: number, decimals = 1): string {
  return fixed(rate * 100, decimals);
}

/** Whether an interval has bounds: of one value it has none. */
export function isBounded(interval: Interval): boolean {
  return !Number.isNaN(interval.low) && !Number.isNaN(interval.high);
}

/** A list in words: `a`, `a and b`, `a, b and c`. */
export function listed(texts: readonly string[]): string {
  const last = texts.at(-1) ?? '';
  return texts.length < 2 ? last : `${texts.slice(0, -1).join(', ')} and ${last}`;
}

/** A false accept rate: 1e-3 as 0.1 %. */
export function falseAcceptRate(far: number): string {
  return `${Number((far * 100).toPrecision(6))} %`;
}

/** Seconds as a person says them: 45 s, 3 min 20 s, 2 h 5 min. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600)
    return whole % 60 === 0 ? `${whole / 60} min` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Text in which no number parts from its % at the end of a line. */
export function unbroken(text: string): string {
  return text.replace(/(\d) %/g, '$1\u00a0%');
}

/** `1 pair`, `3 pairs`. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;
}

/** Text for HTML and XML, in content and in quoted attributes. Names come from data sets: nothing is trusted. */
export function escapeMarkup(text: string): string {
  return printable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Text without control characters, which could move a terminal's cursor and which XML forbids. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is to be removed.
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffe\uffff]/g, '\ufffd');
}

/** A name for which there is room for so many letters; a longer one ends in …. */
export function shortened(text: string, most: number): string {
  const letters = [...printable(text)];
  return letters.length > most ? `${letters.slice(0, most - 1).join('')}…` : letters.join('');
}

/** Text as part of a file name: letters, digits, dots and dashes. */
export function fileName(text: string): string {
  return (
    text
      .toLowerCase()
      .replace(/[^a-z0-9.]+/g, '-')
      .replace(/^[-.]+|[-.]+$/g, '') || 'unnamed'
  );
}
