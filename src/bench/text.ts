/** A report as text for a terminal. */

import { ceilingShare } from './ceiling-share.ts';
import type { BenchResult } from './measure.ts';
import { byFamily, type KernelTime } from './profile.ts';
import type { BenchReport } from './run.ts';

const MIB = 2 ** 20;
const MOST_KERNELS = 20;

/** Adapter, one row per case, memory, and what failed. */
export function reportText(report: BenchReport): string {
  const { adapter, ceilings, results, failures } = report;
  const limits = [
    ...(ceilings.gflops === undefined ? [] : [`${number(ceilings.gflops)} GFLOP/s of multiply-adds`]),
    ...(ceilings.gigabytes === undefined ? [] : [`${number(ceilings.gigabytes)} GB/s of copying`]),
  ];
  const header = [
    'case',
    'first ms',
    'median',
    'minimum',
    'CPU ms',
    'rate',
    'of ceiling',
    'dispatches',
    'planned',
  ];
  const rows = results.map((result) => {
    const share = ceilingShare(result, ceilings);
    return [
      result.name,
      number(result.firstMs),
      number(result.medianMs),
      number(result.minimumMs),
      result.cpuMs === undefined ? '–' : number(result.cpuMs),
      `${number(result.rate.median)} ${result.rate.unit}`,
      share === undefined ? '–' : `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`,
      String(result.dispatches),
      mebibytes(result.plannedBytes),
    ];
  });
  const profiles = results.flatMap((result) => (result.kernels ? ['', profileText(result)] : []));
  return [
    `adapter: ${adapter}`,
    ...(limits.length ? [`ceilings: ${limits.join(', ')}`] : []),
    '',
    ...(rows.length ? [table([header, ...rows])] : []),
    ...profiles,
    '',
    ...memoryLines(results),
    ...failures.map(({ name, message }) => `${name} failed: ${message}`),
  ].join('\n');
}

/** Time by family of kernels, then by kernel. */
export function profileText({
  name,
  kernels = [],
  dispatches,
  plannedBytes,
}: Pick<BenchResult, 'name' | 'kernels' | 'dispatches' | 'plannedBytes'>): string {
  const timed = kernels.some((kernel) => kernel.milliseconds !== undefined);
  const total = kernels.reduce((sum, kernel) => sum + (kernel.milliseconds ?? 0), 0);
  const heading =
    `${name}: ${timed ? `${number(total)} ms in kernels, ` : ''}${dispatches} dispatches, ` +
    `${mebibytes(plannedBytes)} planned${timed ? '' : '; no timestamp queries here, so kernels are only counted'}`;
  const section = (title: string, list: readonly KernelTime[]) =>
    table([
      [title, 'ms', 'share', 'dispatches'],
      ...list.map((kernel) => [
        kernel.label,
        kernel.milliseconds === undefined ? '–' : kernel.milliseconds.toFixed(2),
        kernel.milliseconds === undefined ? '–' : `${((kernel.milliseconds / total) * 100).toFixed(1)} %`,
        String(kernel.dispatches),
      ]),
    ]);
  const more = kernels.length - MOST_KERNELS;
  return [
    heading,
    section('family', byFamily(kernels)),
    '',
    section('kernel', kernels.slice(0, MOST_KERNELS)),
    ...(more > 0 ? [`and ${more} more; --json has all`] : []),
  ].join('\n');
}

function memoryLines(results: readonly BenchResult[]): string[] {
  if (results.length === 0) return [];
  const growing = results.filter(({ memory }) => !memory.flat);
  const peaks = results.flatMap(({ memory }) => memory.peakProcessBytes ?? []);
  return [
    growing.length === 0
      ? 'device memory: flat from the second run on'
      : growing
          .map(
            ({ name, memory }) =>
              `device memory: ${name} went from ${mebibytes(memory.afterSecondRun)} after the second run to ` +
              `${mebibytes(memory.afterLastRun)} after the last`,
          )
          .join('\n'),
    ...(peaks.length ? [`peak process memory: ${mebibytes(Math.max(...peaks))}`] : []),
  ];
}

/** Columns aligned, the first to the left, the others to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
        .join('  '),
    )
    .join('\n');
}

/** Three significant digits or so. */
function number(value: number): string {
  return value.toFixed(value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0);
}

function mebibytes(bytes: number): string {
  return `${(bytes / MIB).toFixed(bytes < 10 * MIB ? 1 : 0)} MiB`;
}
