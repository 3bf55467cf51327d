/** How near a case comes to what the device can do at most. By itself, so that a page need not load the cases for it. */
import type { Ceilings } from './ceiling.ts';
import type { BenchResult } from './measure.ts';

/** Share of the ceiling that the median run reaches, 0 to 1; undefined where it was not measured. */
export function ceilingShare({ rate }: BenchResult, { gflops, gigabytes }: Ceilings): number | undefined {
  const ceiling = rate.unit === 'GFLOP/s' ? gflops : gigabytes;
  return ceiling === undefined ? undefined : rate.median / ceiling;
}
