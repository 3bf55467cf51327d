/** How like the two faces are to each network and to all together, as bars with the threshold marked. */
import type { Similarities } from './defence.ts';

export interface BarsProps {
  readonly similarities: Similarities | undefined;
  readonly members: number;
  readonly threshold: number;
}

/** From a similarity to per cent of the bar; cosines below 0 show as nothing. */
function share(similarity: number): number {
  return Math.min(Math.max(similarity, 0), 1) * 100;
}

export function Bars({ similarities, members, threshold }: BarsProps) {
  const rows = [
    { name: members > 1 ? 'All together' : 'Similarity', value: similarities?.ensemble, series: 'all' },
    ...(members > 1
      ? Array.from({ length: members }, (_, member) => ({
          name: `Network ${member + 1}`,
          value: similarities?.members[member],
          series: `series-${(member % 5) + 1}`,
        }))
      : []),
  ];
  return (
    <dl class="bars">
      {rows.map(({ name, value, series }) => (
        <div class="bar-row" key={name}>
          <dt>{name}</dt>
          <dd>
            <span class="bar" aria-hidden="true">
              <span class={`fill ${series}`} style={{ width: `${share(value ?? 0)}%` }} />
              {series === 'all' && <span class="mark" style={{ left: `${share(threshold)}%` }} />}
            </span>
            <span class="number">{value === undefined ? '…' : value.toFixed(3)}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}
