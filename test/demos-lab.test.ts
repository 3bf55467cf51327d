/** The attack lab without a browser: what its page decides, and its engine's side on the test adapter. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { ATTACK_NAMES, ATTACKS, accepted, buildAttack, runAttack } from '../src/attacks/index.ts';
import { drawFace } from '../src/data/synthetic/index.ts';
import { initialValues, LAB_ATTACKS, settingsOf, sliderText } from '../src/demos/attack-lab/attacks.ts';
import { chartPaths } from '../src/demos/attack-lab/chart-paths.ts';
import { initialCrop, keyed, moved, rectangle, scaled, within } from '../src/demos/attack-lab/crop.ts';
import { Defence, thresholdAmong } from '../src/demos/attack-lab/defence.ts';
import { defenceWords } from '../src/demos/attack-lab/defence-words.ts';
import { anotherPerson, FIRST_PERSON, SEED } from '../src/demos/attack-lab/faces.ts';
import { Pace } from '../src/demos/attack-lab/pace.ts';
import { amplified, perturbationSize, rounded, unit } from '../src/demos/attack-lab/perturbation.ts';
import { adversarialOf, type LabRecord } from '../src/demos/attack-lab/record.ts';
import { type LabFrame, type LabOutcome, runLabAttack } from '../src/demos/attack-lab/run.ts';
import { STARTING_PAIR } from '../src/demos/attack-lab/starting-pair.ts';
import {
  initialState,
  isBusy,
  isReady,
  type LabAction,
  type LabState,
  reduce,
} from '../src/demos/attack-lab/state.ts';
import { shown, statusOf } from '../src/demos/attack-lab/view.ts';
import { fromBase64, toBase64 } from '../src/demos/shared/base64.ts';
import type { Engine } from '../src/engine/index.ts';
import { parseNetworkManifest } from '../src/models/network-manifest.ts';
import { openNetwork } from '../src/models/open-network.ts';
import { openTestEngine } from './support/device.ts';

const NETWORKS = new URL('../src/demos/networks/', import.meta.url);
const manifest = parseNetworkManifest(readFileSync(new URL('manifest.json', NETWORKS), 'utf8'));
const readNetwork = (file: string) =>
  openNetwork([{ label: file, bytes: readFileSync(new URL(file, NETWORKS)) }]);

describe('the attacks on offer', () => {
  it('are those of the catalogue, under their own names', () => {
    expect(LAB_ATTACKS.map(({ name }) => name).sort()).toEqual([...ATTACK_NAMES].sort());
    for (const { name, title, source } of LAB_ATTACKS) {
      expect({ title, source }).toEqual({ title: ATTACKS[name].paper, source: ATTACKS[name].source });
    }
  });

  test.each(LAB_ATTACKS)('$name takes every value of its sliders', ({ name, sliders }) => {
    for (const slider of sliders) {
      for (const value of [slider.min, slider.initial, slider.max]) {
        const given = settingsOf(name, { ...initialValues(name), [slider.setting]: value });
        const { settings } = buildAttack(name, given);
        const expected = slider.unit === 'grey levels' ? value / 255 : value;
        expect(settings[slider.setting]).toBe(expected);
        expect(sliderText(slider, value)).toContain(String(value));
      }
    }
  });
});

describe('a square on a picture', () => {
  const pictures = fc.record({
    width: fc.integer({ min: 1, max: 6000 }),
    height: fc.integer({ min: 1, max: 6000 }),
  });
  const crops = fc.record({
    x: fc.double({ min: -1e4, max: 1e4, noNaN: true }),
    y: fc.double({ min: -1e4, max: 1e4, noNaN: true }),
    side: fc.double({ min: 0, max: 1e5, noNaN: true }),
  });

  it('stays inside, however it is moved', () => {
    const keys = fc.constantFrom('ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', '+', '-', '=');
    fc.assert(
      fc.property(pictures, crops, fc.array(keys, { maxLength: 30 }), (picture, given, pressed) => {
        let crop = within(given, picture);
        for (const key of pressed) crop = keyed(crop, key, { picture }) ?? crop;
        crop = scaled(moved(crop, 3, -3, picture), 0.5, picture);
        const { left, top, width, height } = rectangle(crop, { width: 112, height: 112 });
        expect(width).toBe(height);
        expect(left).toBeGreaterThanOrEqual(-1e-6);
        expect(top).toBeGreaterThanOrEqual(-1e-6);
        expect(left + width).toBeLessThanOrEqual(picture.width + 1e-6);
        expect(top + height).toBeLessThanOrEqual(picture.height + 1e-6);
      }),
    );
  });

  it('begins as large as the picture allows, moves by its own size, and zooms about its centre', () => {
    const picture = { width: 400, height: 200 };
    const crop = initialCrop(picture);
    expect(crop).toEqual({ x: 200, y: 100, side: 200 });
    const half = scaled(crop, 0.5, picture);
    expect(half).toEqual({ x: 200, y: 100, side: 100 });
    expect(moved(half, 0.5, -0.25, picture)).toEqual({ x: 250, y: 75, side: 100 });
    expect(keyed(half, 'ArrowRight', { picture })?.x).toBe(205);
    expect(keyed(half, 'ArrowRight', { picture, shift: true })?.x).toBe(201);
    expect(keyed(half, 'a', { picture })).toBeUndefined();
  });

  it('gives a network that does not take squares the middle of it, undistorted', () => {
    const tall = rectangle({ x: 100, y: 100, side: 112 }, { width: 96, height: 112 });
    expect(tall).toEqual({ left: 52, top: 44, width: 96, height: 112 });
  });
});

describe('a perturbation', () => {
  it('has the size that its numbers have', () => {
    const source = Float32Array.of(0, 0.5, 1, 0.25);
    const image = Float32Array.of(0.5, 0.5, 0.5, 0.25);
    const { l2, linf, rms } = perturbationSize(image, source);
    expect([l2, linf, rms]).toEqual([Math.SQRT1_2, 0.5, Math.SQRT1_2 / 2]);
    expect([...amplified(image, source, 4)]).toEqual([1, 0.5, 0, 0.5]);
  });

  it('is rounded to what a PNG holds', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        expect(rounded(unit(bytes))).toEqual(unit(bytes));
      }),
    );
    expect(rounded(Float32Array.of(0.5))[0]).toBe(Math.fround(128 / 255));
  });
});

test('base64 holds any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
      expect([...fromBase64(toBase64(bytes))]).toEqual([...bytes]);
    }),
  );
});

test('another person is nobody that is there already', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 0.9999999, noNaN: true }), (draw) => {
      const { person, shot } = anotherPerson(() => draw, STARTING_PAIR.source, STARTING_PAIR.target);
      expect([STARTING_PAIR.source.person, STARTING_PAIR.target.person]).not.toContain(person);
      expect(person).toBeLessThan(60);
      expect(shot).toBeLessThan(10);
    }),
  );
});

describe('the pace', () => {
  const never = new AbortController().signal;
  /** Takes steps by a pace; the number so far. */
  function walker(pace: Pace, signal = never) {
    const steps = { taken: 0 };
    const walk = async () => {
      for (;;) {
        await pace.wait(signal);
        steps.taken++;
        await new Promise((resolve) => setTimeout(resolve));
      }
    };
    const ended = walk().catch((error: unknown) => error);
    return { steps, ended };
  }
  const settle = () => new Promise((resolve) => setTimeout(resolve, 15));

  it('holds, lets one step go at a time, and runs on', async () => {
    const stop = new AbortController();
    const pace = new Pace();
    pace.hold();
    const { steps, ended } = walker(pace, stop.signal);
    await settle();
    expect(steps.taken).toBe(0);
    for (const expected of [1, 2, 3]) {
      pace.step();
      await settle();
      expect(steps.taken).toBe(expected);
    }
    pace.run();
    await settle();
    expect(steps.taken).toBeGreaterThan(4);
    pace.hold();
    await settle();
    const { taken } = steps;
    await settle();
    expect(steps.taken).toBe(taken);
    stop.abort(new Error('enough'));
    expect(await ended).toEqual(new Error('enough'));
  });

  it('takes a step that was asked for before it came to wait', async () => {
    const pace = new Pace();
    pace.step();
    await pace.wait(never);
    expect(pace.held).toBe(true);
    const second = pace.wait(never).then(() => 'went on');
    expect(await Promise.race([second, settle().then(() => 'held')])).toBe('held');
    pace.run();
    expect(await second).toBe('went on');
  });

  it('leaves time between steps, and can be held in it', async () => {
    const pace = new Pace();
    pace.interval = 10_000;
    await pace.wait(never); // the first need not wait
    const stop = new AbortController();
    const second = pace.wait(stop.signal).catch((error: Error) => error.message);
    expect(await Promise.race([second, settle().then(() => 'waits')])).toBe('waits');
    stop.abort(new Error('stopped'));
    expect(await second).toBe('stopped');
  });
});

const SIMILAR = { ensemble: 0.2, members: [0.1, 0.3] };
const OPENED = { description: 'x', members: 2, embeddingSize: 8, inputSize: [56, 56] as const };
const OUTCOME: LabOutcome = {
  success: true,
  image: new Float32Array(3),
  size: { l2: 1, linf: 0.1, rms: 2 / 255 },
  similarity: SIMILAR,
  asPng: SIMILAR,
  iterations: 4,
  evaluations: 5,
  trials: 1,
  found: {},
  settings: {},
};
const frame = (step: number, trial = 0): LabFrame => ({
  points: [{ ...SIMILAR, step, trial }],
  image: new Float32Array(3),
  size: { l2: 0, linf: 0, rms: 0 },
  iteration: step,
  parameters: {},
  perSecond: 3,
});
const fresh = () =>
  initialState(
    STARTING_PAIR,
    { kind: 'shipped', defence: 'single' },
    { kind: 'shipped', defence: 'diverse' },
  );
const reduceAll = (state: LabState, ...actions: LabAction[]) => actions.reduce(reduce, state);
const OPEN: LabAction[] = (['a', 'b'] as const).flatMap((side): LabAction[] => [
  { type: 'opened', side, network: OPENED, threshold: 0.5 },
  { type: 'compared', side, before: SIMILAR },
]);

describe('the state', () => {
  it('is ready when every side has a network, a threshold and has seen the faces', () => {
    expect(isReady(fresh())).toBe(false);
    expect(isReady(reduceAll(fresh(), ...OPEN))).toBe(true);
    expect(isReady(reduceAll(fresh(), ...OPEN.slice(0, 2)))).toBe(false);
    const alone = reduceAll(fresh(), ...OPEN.slice(0, 2), { type: 'defence', side: 'b', choice: undefined });
    expect(isReady(alone)).toBe(true);
    expect(reduce(alone, { type: 'frame', side: 'b', frame: frame(0), held: false })).toBe(alone);
  });

  it('goes from the start over frames to the end, and back by reset', () => {
    const started = reduceAll(
      fresh(),
      ...OPEN,
      { type: 'started', side: 'a' },
      { type: 'started', side: 'b' },
    );
    expect(isBusy(started)).toBe(true);
    const held = reduceAll(
      started,
      { type: 'frame', side: 'a', frame: frame(0), held: false },
      { type: 'frame', side: 'a', frame: frame(1), held: true },
    );
    expect(held.sides.a.run.kind).toBe('held');
    expect(held.sides.a.points.map(({ step }) => step)).toEqual([0, 1]);
    const done = reduceAll(
      held,
      { type: 'resumed', side: 'a' },
      { type: 'done', side: 'a', outcome: OUTCOME },
    );
    expect(isBusy(done)).toBe(true); // b is still at work
    expect(done.sides.a.run).toEqual({ kind: 'done', outcome: OUTCOME });
    // What an ended run still says is of no interest.
    expect(reduce(done, { type: 'frame', side: 'a', frame: frame(9), held: false }).sides.a).toBe(
      done.sides.a,
    );
    const reset = reduce(done, { type: 'reset' });
    expect(reset.sides.a).toEqual(reduceAll(fresh(), ...OPEN).sides.a);
    expect(reduce(reset, { type: 'done', side: 'a', outcome: OUTCOME }).sides.a.run.kind).toBe('idle');
  });

  it('forgets results when what they are of changes, and only then', () => {
    const done = reduceAll(
      fresh(),
      ...OPEN,
      { type: 'started', side: 'a' },
      { type: 'done', side: 'a', outcome: OUTCOME },
    );
    const changes: LabAction[] = [
      { type: 'face', role: 'source', face: { kind: 'drawn', person: 1, shot: 1 } },
      { type: 'attack', attack: 'cw' },
      { type: 'value', setting: 'stepSize', value: 2 },
      { type: 'threshold', side: 'a', threshold: 0.3 },
      { type: 'defence', side: 'a', choice: { kind: 'shipped', defence: 'adp' } },
      { type: 'device' },
    ];
    for (const change of changes) expect(reduce(done, change).sides.a.run.kind).toBe('idle');
    expect(reduce(done, { type: 'amplification', factor: 3 }).sides.a.run.kind).toBe('done');
    expect(reduce(done, changes[0]!).sides.a).toMatchObject({ network: OPENED, before: undefined });
    expect(reduce(done, { type: 'device' }).sides.a).toMatchObject({ network: undefined, before: undefined });
    expect(reduce(done, { type: 'attack', attack: 'cw' }).values).toEqual(initialValues('cw'));
  });
});

describe('what is shown', () => {
  const ready = reduceAll(fresh(), ...OPEN);
  const source = Uint8Array.of(0, 51, 255);

  it('is the source before anything happened, then the newest image, then the outcome', () => {
    expect(shown(ready.sides.a, source)).toMatchObject({
      image: unit(source),
      similarities: SIMILAR,
      steps: 0,
    });
    const running = reduceAll(
      ready,
      { type: 'started', side: 'a' },
      { type: 'frame', side: 'a', frame: frame(3, 1), held: false },
    );
    expect(shown(running.sides.a, source)).toMatchObject({ speed: 3, trial: 1, steps: 2 });
    const done = reduce(running, { type: 'done', side: 'a', outcome: OUTCOME });
    expect(shown(done.sides.a, source)).toMatchObject({ image: OUTCOME.image, size: OUTCOME.size });
  });

  it('is said in words that tell success from failure', () => {
    const started = reduce(ready, { type: 'started', side: 'a' });
    const end = (outcome: Partial<LabOutcome>) =>
      statusOf(reduce(started, { type: 'done', side: 'a', outcome: { ...OUTCOME, ...outcome } }).sides.a);
    expect(statusOf(fresh().sides.a)).toContain('Opening');
    expect(statusOf(ready.sides.a)).toContain('tells the two people apart');
    expect(end({})).toBe(
      'Fooled after 4 steps: it now takes the changed face for the target, by a change of 2.0 grey levels in 256.',
    );
    expect(end({ success: false })).toBe('It held out: not fooled within 4 steps.');
    expect(end({ evaluations: 1 })).toContain('before anything was changed');
    const alike = reduce(ready, { type: 'compared', side: 'a', before: { ...SIMILAR, ensemble: 0.6 } });
    expect(statusOf(alike.sides.a)).toContain('already');
  });
});

describe('the chart', () => {
  const plot = { width: 100, height: 100, left: 0, right: 0, top: 0, bottom: 0, most: 50 };
  const points = (count: number, trials = 1) =>
    Array.from({ length: count }, (_, step) => ({
      step,
      trial: Math.floor((step * trials) / count),
      ensemble: step / count,
      members: [0, -0.5],
    }));

  it('thins long curves, begins a line for each trial, and leaves room below', () => {
    const { ensemble, each, steps, low, y, x } = chartPaths(points(1000, 4), 0.5, 2, plot);
    expect(ensemble.match(/M/g)).toHaveLength(4);
    expect(ensemble.match(/[ML]/g)!.length).toBeLessThanOrEqual(52);
    expect(each).toHaveLength(2);
    expect([steps, low, x(0), x(999), y(1), y(low)]).toEqual([999, -0.55, 0, 100, 0, 100]);
  });

  it('has axes before there is anything on them', () => {
    expect(chartPaths([], 0.5, 1, plot)).toMatchObject({ ensemble: '', each: [''], steps: 10, low: 0 });
  });
});

describe('the lab’s engine', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openTestEngine();
  });
  afterAll(() => engine?.close());

  const draw = ({ person, shot }: { person: number; shot: number }) =>
    unit(drawFace({ seed: SEED, identity: FIRST_PERSON + person, shot, size: manifest.inputSize }));
  const [single] = manifest.networks;

  it('runs an attack as the study does, shows every step of it, and gives its memory back', async () => {
    const network = readNetwork(single!.file);
    const before = engine.device.allocatedBytes;
    const defence = new Defence(engine, network, manifest.matching);
    const [source, target] = [draw(STARTING_PAIR.source), draw(STARTING_PAIR.target)];
    const task = {
      attack: 'i-fgsm' as const,
      settings: { stepSize: 2 / 255 },
      threshold: single!.threshold,
      source,
      target,
      seed: 1,
    };
    const seen: LabFrame[] = [];
    const outcome = await runLabAttack(engine, defence, task, {
      pace: new Pace(),
      signal: new AbortController().signal,
      onFrame: (newest) => seen.push(newest),
      frameEvery: 0,
    });
    const targets = await defence.features(target);
    const [studied] = await runAttack(
      engine,
      task.attack,
      task.settings,
      {
        embed: (pixels) => network.embed(pixels),
        members: network.members,
        embeddingSize: network.embeddingSize,
        imageSize: network.inputSize,
        stopping: accepted(task.threshold, manifest.matching),
        batchSize: 1,
        keepImages: true,
      },
      [{ name: 'lab', source, targets }],
    );
    expect(outcome.success).toBe(true);
    expect(outcome.image).toEqual(studied!.image);
    expect(outcome.size.l2).toBeCloseTo(studied!.l2, 5);
    expect(outcome.similarity.ensemble).toBeGreaterThan(task.threshold);
    const points = seen.flatMap((each) => each.points);
    expect(points.map(({ step }) => step)).toEqual(points.map((_, step) => step));
    expect(points).toHaveLength(outcome.evaluations);
    expect(seen[0]?.image).toEqual(source);
    expect(points.at(-1)?.ensemble).toBeCloseTo(outcome.similarity.ensemble, 4);
    await defence.free();
    expect(engine.device.allocatedBytes).toBe(before);
  });

  it('takes the share of strangers that was asked for below its threshold', async () => {
    // Features on a circle, so that similarities are known: cosines of the angles between people.
    const angles = Array.from({ length: 21 }, (_, i) => (i * Math.PI) / 40);
    const fake = {
      features: async (pixels: Float32Array) => Float32Array.of(Math.cos(pixels[0]!), Math.sin(pixels[0]!)),
      similarities: (a: Float32Array, b: Float32Array) => ({
        ensemble: a[0]! * b[0]! + a[1]! * b[1]!,
        members: [],
      }),
    } as unknown as Defence;
    const strangers = angles.map((angle) => Float32Array.of(angle));
    const { signal } = new AbortController();
    const threshold = await thresholdAmong(fake, strangers, 0.1, signal);
    const scores = angles.flatMap((one, i) => angles.slice(0, i).map((other) => Math.cos(one - other)));
    const over = scores.filter((score) => score > threshold + 1e-6).length;
    expect(over / scores.length).toBeLessThanOrEqual(0.1);
    expect(over).toBeGreaterThan(0);
    const stopped = thresholdAmong(fake, strangers, 0.1, AbortSignal.abort(new Error('stopped')));
    await expect(stopped).rejects.toThrow('stopped');
  });

  it('finds in the recorded results what the shipped networks say', async () => {
    const path = new URL('../src/demos/recorded/attack-lab.json', import.meta.url);
    const record = JSON.parse(readFileSync(path, 'utf8')) as LabRecord;
    expect(record.runs).toHaveLength(manifest.networks.length);
    for (const [index, run] of record.runs.entries()) {
      const entry = manifest.networks[index]!;
      expect(run.defence).toMatchObject({ members: entry.members, threshold: entry.threshold });
      expect(run.result.success).toBe(true);
      expect(unit(fromBase64(run.pixels.source))).toEqual(draw(STARTING_PAIR.source));
      const defence = new Defence(engine, readNetwork(entry.file), manifest.matching);
      const target = await defence.features(unit(fromBase64(run.pixels.target)));
      const image = adversarialOf(run);
      const { ensemble } = defence.similarities(await defence.features(image), target);
      expect(Math.abs(ensemble - run.result.after.ensemble)).toBeLessThan(1e-4);
      expect(ensemble).toBeGreaterThan(entry.threshold);
      const size = perturbationSize(image, draw(STARTING_PAIR.source));
      expect(size.rms).toBeCloseTo(run.result.rms, 6);
      expect(defenceWords(entry)).toContain(entry.threshold.toFixed(3));
      await defence.free();
    }
  }, 120_000);
});
