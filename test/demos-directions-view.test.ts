/** What the directions page draws and says, without a page: projection, marks, labels, state, recordings. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { featureMarks, polyline, RADIUS, weightArrows } from '../src/demos/directions/arrows.ts';
import { FIRST_TURN, greatCircle, project, turned } from '../src/demos/directions/projection.ts';
import { openRecording, writeRecording } from '../src/demos/directions/recording.ts';
import { DEFAULT_STEP, MOST_STEPS, PANELS, type PanelKind, STEPS } from '../src/demos/directions/settings.ts';
import type { PanelSnapshot, Snapshot } from '../src/demos/directions/snapshot.ts';
import { spread } from '../src/demos/directions/spread.ts';
import { type DirectionsState, INITIAL_STATE, reduce } from '../src/demos/directions/state.ts';
import { verdict } from '../src/demos/directions/words.ts';

const number = fc.double({ min: -10, max: 10, noNaN: true });
const turn = fc.record({
  yaw: fc.double({ min: -7, max: 7, noNaN: true }),
  pitch: fc.double({ min: -1.5, max: 1.5, noNaN: true }),
});

function panel(kind: PanelKind, changed: Partial<PanelSnapshot> = {}): PanelSnapshot {
  const sets = kind === 'separate' ? 2 : 1;
  return {
    kind,
    sets,
    // Two members, two images of two people.
    features: Float32Array.of(2, 0, 0, 1, 1, 0, 0, 2),
    weights: Float32Array.of(3, 0, 0, 3, ...(sets === 2 ? [0, 5, 5, 0] : [])),
    loss: 0.5,
    accuracy: 1,
    ownAngle: 5,
    otherAngle: sets === 2 ? 90 : null,
    memberAngle: 3,
    volume: 0.05,
    ...changed,
  };
}

const snapshot = (step: number): Snapshot => ({
  step,
  members: 2,
  panels: PANELS.map((kind) => panel(kind)),
});

describe('the projection', () => {
  it('leaves two numbers where they are', () => {
    expect(project([3, 4, -1, 0], 2, FIRST_TURN)).toEqual([
      { x: 3, y: 4, depth: 0 },
      { x: -1, y: 0, depth: 0 },
    ]);
  });

  it('turns three numbers: lengths and angles stay', () => {
    fc.assert(
      fc.property(fc.array(number, { minLength: 6, maxLength: 6 }), turn, (values, by) => {
        const points = project(values, 3, by).map(({ x, y, depth }) => [x, y, depth]);
        const [a, b] = [values.slice(0, 3), values.slice(3)];
        const dot = (u: readonly number[], v: readonly number[]) =>
          u.reduce((sum, x, i) => sum + x * v[i]!, 0);
        expect(dot(points[0]!, points[0]!)).toBeCloseTo(dot(a, a), 8);
        expect(dot(points[0]!, points[1]!)).toBeCloseTo(dot(a, b), 8);
      }),
    );
  });

  it('looks along the third axis first, and at the pole at most', () => {
    expect(project([0, 0, 1], 3, { yaw: 0, pitch: 0 })).toEqual([{ x: 0, y: 0, depth: 1 }]);
    const pole = turned(FIRST_TURN, 0, 100);
    expect(pole.pitch).toBe(Math.PI / 2);
    expect(project([0, 1, 0], 3, pole)[0]!.depth).toBeCloseTo(1, 12);
  });

  it('has circles of length 1 that close', () => {
    for (const axis of [0, 1, 2] as const) {
      const circle = greatCircle(axis, 12);
      expect(circle).toHaveLength(39);
      for (let i = 0; i < 13; i++) {
        const [x, y, z] = circle.subarray(i * 3, i * 3 + 3);
        expect(Math.hypot(x!, y!, z!)).toBeCloseTo(1, 6);
        expect([x, y, z][axis]).toBe(0);
      }
      expect(circle[36]).toBeCloseTo(circle[0]!, 6);
    }
  });
});

describe('the marks', () => {
  it('are one group for each person and member, the longest feature at the rim', () => {
    const groups = featureMarks(panel('shared'), 2, [0, 1], FIRST_TURN);
    expect(groups.map(({ person, member }) => `${person}${member}`).sort()).toEqual(['00', '01', '10', '11']);
    expect(groups.find(({ person, member }) => person === 0 && member === 0)!.lines).toBe(
      `M0 0L${RADIUS}.0 0.0`,
    );
    // y points up on paper and down on a screen.
    expect(groups.find(({ person, member }) => person === 1 && member === 1)!.lines).toMatch(
      /L-?0\.0 -100\.0$/,
    );
  });

  it('are one arrow for each person, and one more for each further member that has its own', () => {
    expect(weightArrows(panel('shared'), 2, FIRST_TURN)).toHaveLength(2);
    const own = weightArrows(panel('separate'), 2, FIRST_TURN);
    expect(own.map(({ person, member }) => [person, member])).toEqual([
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ]);
    const lengths = own.map(({ label }) => Math.hypot(label.x, label.y));
    for (const length of lengths) expect(length).toBeCloseTo(lengths[0]!, 4);
  });

  it('leave out the parts of a line that are not wanted', () => {
    const points = [1, 1, -1, 1].map((depth, i) => ({ x: i, y: 0, depth }));
    expect(polyline(points, ({ depth }) => depth > 0).match(/M/g)).toHaveLength(2);
  });
});

it('labels are kept apart, in order and within the chart', () => {
  const places = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(places, (given) => {
      const moved = spread(given, 12, 100);
      const order = [...given.keys()].sort((a, b) => moved[a]! - moved[b]!);
      for (let i = 1; i < order.length; i++) {
        expect(moved[order[i]!]! - moved[order[i - 1]!]!).toBeGreaterThan(12 - 1e-9);
        expect(given[order[i]!]!).toBeGreaterThanOrEqual(given[order[i - 1]!]!);
      }
      expect(Math.max(...moved)).toBeLessThan(100 + 1e-9);
    }),
  );
});

describe('the state', () => {
  const portraits = new Uint8Array(3);
  const prepared = (state: DirectionsState) =>
    reduce(state, { kind: 'prepared', training: state.training, portraits, snapshot: snapshot(0) });

  it('goes from preparing to playing to done, and gathers the curves', () => {
    const playing = reduce(prepared(INITIAL_STATE), { kind: 'play' });
    expect(playing).toMatchObject({ phase: 'playing', portraits });
    const some = reduce(playing, { kind: 'snapshot', training: 0, snapshot: snapshot(1) });
    const done = reduce(some, { kind: 'snapshot', training: 0, snapshot: snapshot(STEPS) });
    expect(some.phase).toBe('playing');
    expect(done.phase).toBe('done');
    expect(done.curves.map(({ step }) => step)).toEqual([0, 1, STEPS]);
    expect(done.curves[2]!.loss).toEqual([0.5, 0.5, 0.5]);
    expect(reduce(done, { kind: 'play' })).toMatchObject({ phase: 'playing', until: 2 * STEPS });
    const most = { ...done, until: MOST_STEPS };
    expect(reduce(most, { kind: 'play' })).toBe(most);
  });

  it('restarts with what was set, and ignores what the last training still says', () => {
    const set = reduce(prepared(INITIAL_STATE), { kind: 'set', step: { diversityWeight: 1 } });
    const restarted = reduce(set, { kind: 'restart', settings: { members: 3 } });
    expect(restarted).toMatchObject({ phase: 'preparing', training: 1, settings: { members: 3 } });
    expect(restarted.step).toEqual({ ...DEFAULT_STEP, diversityWeight: 1 });
    const late = { training: 0, snapshot: snapshot(9) };
    expect(reduce(restarted, { kind: 'snapshot', ...late })).toBe(restarted);
    expect(reduce(restarted, { kind: 'prepared', portraits, ...late })).toBe(restarted);
    expect(reduce(restarted, { kind: 'failed', training: 0, message: 'gone' })).toBe(restarted);
    expect(reduce(restarted, { kind: 'failed', training: 1, message: 'lost' }).error).toBe('lost');
  });

  it('follows one person, until chosen again', () => {
    const one = reduce(INITIAL_STATE, { kind: 'look-at', person: 2 });
    expect(one.person).toBe(2);
    expect(reduce(one, { kind: 'look-at', person: 2 }).person).toBeUndefined();
  });
});

describe('the words', () => {
  it('wait for the training, then say what the panel shows', () => {
    expect(verdict(panel('separate', { accuracy: 0.4 }))).toBe(
      'Still learning: 40 % of the faces are recognised.',
    );
    expect(verdict(panel('separate', { memberAngle: 87 }))).toContain('87° apart, by chance');
    expect(verdict(panel('shared'))).toContain('agree within 3°');
    expect(verdict(panel('diverse', { memberAngle: 31, volume: 0.5 }))).toContain(
      '31° apart, 5° from the shared arrow',
    );
    expect(verdict(panel('diverse'))).toContain('too small to be seen');
  });
});

it('a recording gives back what was trained, to a pixel', () => {
  const recording = {
    members: 2 as const,
    adapter: 'a',
    portraits: Uint8Array.of(0, 128, 255),
    snapshots: [snapshot(0), snapshot(5)],
  };
  const [back] = openRecording(JSON.parse(JSON.stringify(writeRecording([recording]))));
  expect(back!.portraits).toEqual(recording.portraits);
  expect(back!.snapshots.map(({ step }) => step)).toEqual([0, 5]);
  const [before, after] = [recording.snapshots[1]!.panels[0]!, back!.snapshots[1]!.panels[0]!];
  // Lengths are shares of the longest: pictures show no others.
  expect([...after.features]).toEqual([...before.features].map((x) => Math.fround(x / 2)));
  expect(after).toMatchObject({ kind: 'separate', loss: 0.5, otherAngle: 90, volume: 0.05, sets: 2 });
});
