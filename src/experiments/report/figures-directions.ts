/** Features and weight vectors of networks with features of two numbers: what sharing weight vectors changes. */
import * as Plot from '@observablehq/plot';
import { drawChart, type Figure, type Marker, type SeriesStyle } from './chart.ts';
import { fixed, percent, printable } from './format.ts';
import type { Directions, Results } from './results.ts';

const COLORS = ['#2a7fd4', '#c9562c', '#12936b', '#a854b5', '#a17a00', '#4f63d9', '#c23a6b', '#7a7f87'];
const MARKERS: Marker[] = ['circle', 'triangle', 'square', 'diamond', 'cross', 'star', 'wye', 'hexagon'];
const DASHES = [undefined, '5 3', '2 2.5', '8 2 2 2', '1 2', '10 3', '4 4', '3 2 1 2'];
/** More points in a panel than this cover one another. */
const MOST_POINTS = 400;
const ACROSS = 3;
const SIDE = 300;

type Panel = Directions['panels'][number];

interface Place {
  readonly fx: number;
  readonly fy: number;
}

/** A panel per network; undefined when there are none. */
export function directionsFigure(results: Results, document: Document): Figure | undefined {
  const panels = results.directions?.panels.filter((panel) => panel.features.length > 0) ?? [];
  if (panels.length === 0) return undefined;
  const across = Math.min(ACROSS, panels.length);
  const down = Math.ceil(panels.length / across);
  const placed = panels.map((panel, i) => drawPanel(panel, { fx: i % across, fy: Math.floor(i / across) }));
  const members = Math.max(...panels.map((panel) => panel.features.length));
  const legend = Array.from(
    { length: members },
    (_, m): SeriesStyle => ({
      label: `member ${m + 1}`,
      color: '#7a7f87',
      dash: DASHES[m % DASHES.length],
      symbol: MARKERS[m % MARKERS.length]!,
    }),
  );
  const right = 118;
  return drawChart({
    document,
    id: 'directions',
    title: 'Features and weight vectors of members with features of two numbers',
    caption:
      'Markers: features of training images, a shape per member and a colour per identity. Arrows: the identities’ weight vectors, ' +
      'numbered, dashed as the legend says where members have their own, heavy where they share them. Each panel is scaled to its ' +
      'longest feature and weight vector: directions are what counts. Accuracy: training images given to the right identity.',
    series: legend,
    width: 66 + across * SIDE + right,
    height: 60 + down * (SIDE + 30),
    plot: {
      marginTop: 44,
      marginLeft: 58,
      marginRight: right,
      marginBottom: 42,
      x: { label: 'first feature (of the longest)', domain: [-1.22, 1.22], ticks: [-1, 0, 1] },
      y: {
        label: 'second feature (of the longest)',
        labelAnchor: 'center',
        labelArrow: 'none',
        domain: [-1.22, 1.22],
        ticks: [-1, 0, 1],
      },
      fx: { axis: null, domain: [...Array(across).keys()], paddingInner: 0.06 },
      fy: { axis: null, domain: [...Array(down).keys()], paddingInner: 0.1 },
      marks: [
        Plot.frame({ strokeOpacity: 0.2 }),
        Plot.ruleX([0], { strokeOpacity: 0.15 }),
        Plot.ruleY([0], { strokeOpacity: 0.15 }),
        ...placed.flat(),
      ],
      color: { type: 'identity' },
    },
  });
}

function drawPanel(panel: Panel, place: Place): Plot.Markish[] {
  const images = panel.labels.length;
  const every = Math.max(1, Math.ceil((images * panel.features.length) / MOST_POINTS));
  const reach = longest(panel.features.flat());
  const weightReach = longest(panel.weights.flat());
  const points = panel.features.map((member) =>
    member.flatMap(([x = 0, y = 0], image) =>
      image % every === 0
        ? { ...place, x: x / reach, y: y / reach, color: colorOf(panel.labels[image]!) }
        : [],
    ),
  );
  const shared = panel.weights.length === 1 && panel.features.length > 1;
  const arrows = panel.weights.map((set) =>
    set.map(([x = 0, y = 0], identity) => ({
      ...place,
      x: x / weightReach,
      y: y / weightReach,
      color: colorOf(identity),
      text: `${identity + 1}`,
    })),
  );
  const about = `accuracy ${percent(panel.accuracy, 0)} %, volume ${fixed(panel.volume, 2)}`;
  const facet = { fx: 'fx', fy: 'fy' } as const;
  return [
    Plot.text([{ ...place, text: printable(panel.title) }], {
      ...facet,
      text: 'text',
      frameAnchor: 'top-left',
      dy: -30,
      fontWeight: 600,
    }),
    Plot.text([{ ...place, text: about }], {
      ...facet,
      text: 'text',
      frameAnchor: 'top-left',
      dy: -15,
      fillOpacity: 0.75,
    }),
    ...points.map((member, m) =>
      Plot.dot(member, {
        ...facet,
        x: 'x',
        y: 'y',
        fill: 'color',
        fillOpacity: 0.55,
        symbol: MARKERS[m % MARKERS.length]!,
        r: 2.6,
      }),
    ),
    ...arrows.flatMap((set, m) => {
      const dash = DASHES[m % DASHES.length];
      return [
        // A line in the page's own colour beneath keeps an arrow apart from the features that it crosses.
        Plot.arrow(set, {
          ...facet,
          x1: 0,
          y1: 0,
          x2: 'x',
          y2: 'y',
          stroke: 'color',
          strokeWidth: shared ? 2.8 : 1.8,
          headLength: shared ? 6 : 7,
          ...(dash === undefined ? {} : { strokeDasharray: dash }),
        }),
        Plot.text(set, {
          ...facet,
          x: (w: { x: number }) => w.x * 1.1,
          y: (w: { y: number }) => w.y * 1.1,
          text: 'text',
          fill: 'color',
          fontWeight: 700,
          fontSize: 12,
        }),
      ];
    }),
  ];
}

function longest(vectors: readonly number[][]): number {
  return Math.max(...vectors.map(([x = 0, y = 0]) => Math.hypot(x, y)), Number.MIN_VALUE);
}

function colorOf(identity: number): string {
  return COLORS[identity % COLORS.length]!;
}
