import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { pacedPolls } from '../src/platform/dawn-polling.ts';
import { openAdapter } from '../src/platform/node.ts';

describe('pacedPolls', () => {
  /** Time by hand: immediates take 1/8 ms, timers what they are asked for. */
  function byHand() {
    let clock = 0;
    const waiting: { at: number; run: () => void }[] = [];
    const queues: ('immediate' | 'later')[] = [];
    const enqueue = (kind: 'immediate' | 'later', delay: number, run: () => void) => {
      queues.push(kind);
      waiting.push({ at: clock + delay, run });
    };
    const schedule = pacedPolls({
      eager: () => 1,
      immediate: (run) => enqueue('immediate', 0.125, run),
      later: (run, delay) => enqueue('later', delay, run),
      now: () => clock,
    });
    const turn = () => {
      const next = waiting.shift()!;
      clock = Math.max(clock, next.at);
      next.run();
    };
    return { schedule, queues, turn, clock: () => clock, advance: (ms: number) => (clock += ms) };
  }

  test('looks at once while a wait is young and pauses when it lasts', () => {
    const { schedule, queues, turn, clock } = byHand();
    let looks = 0;
    const poll = (): void => {
      looks++;
      if (clock() < 20) schedule(poll);
    };
    schedule(poll);
    while (clock() < 20) turn();
    const eager = queues.lastIndexOf('immediate') + 1;
    expect(queues.slice(0, eager)).not.toContain('later');
    expect(eager).toBe(8);
    expect(queues.slice(eager).every((kind) => kind === 'later')).toBe(true);
    expect(looks).toBeLessThan(eager + 22);
  });

  test('a later wait starts eagerly again', () => {
    const { schedule, queues, turn, advance } = byHand();
    schedule(() => {});
    turn();
    advance(50);
    schedule(() => {});
    expect(queues).toEqual(['immediate', 'immediate']);
  });

  test('a poll that throws does not leave the next wait taken for its own', () => {
    const { schedule, queues, turn, advance } = byHand();
    schedule(() => {
      throw new Error('lost');
    });
    expect(turn).toThrow('lost');
    advance(50);
    schedule(() => {});
    expect(queues).toEqual(['immediate', 'immediate']);
  });
});

describe('calmPolling', () => {
  // Counts what gets through to Node. Before the first adapter is opened, which is when polls are calmed.
  const original = globalThis.setImmediate;
  let immediates = 0;
  const counting = (callback: () => void, ...args: []) => {
    immediates++;
    return original(callback, ...args);
  };
  globalThis.setImmediate = Object.defineProperties(
    counting,
    Object.getOwnPropertyDescriptors(original),
  ) as typeof setImmediate;
  afterAll(() => {
    globalThis.setImmediate = original;
  });

  test('Dawn looks for finished work about once a millisecond, not as often as the event loop turns', async () => {
    const { adapter, kind } = await openAdapter();
    const device = await adapter.requestDevice();
    const code = `
      @group(0) @binding(0) var<storage, read_write> x: array<f32>;
      @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
        var v = x[id.x];
        for (var i = 0; i < 2000; i++) { v = fract(v * 1.37 + 0.11); }
        x[id.x] = v;
      }`;
    const pipeline = await device.createComputePipelineAsync({
      layout: 'auto',
      compute: { module: device.createShaderModule({ code }) },
    });
    const buffer = device.createBuffer({ size: 4 * 65536, usage: 0x80 });
    const group = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [{ binding: 0, resource: { buffer } }],
    });
    const compute = async () => {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(1024);
      pass.end();
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
    };
    await compute();
    immediates = 0;
    const started = performance.now();
    for (let round = 0; round < 4; round++) await compute();
    const elapsed = performance.now() - started;
    // A spinning loop turns more than a hundred times in a millisecond; the first of each wait may, ten on a GPU.
    const eager = kind === 'gpu' ? 5000 : 500;
    expect(immediates).toBeLessThan(4 * eager + 2 * elapsed);
    device.destroy();
  });

  test('others get what they schedule: arguments, order, the promise of promisify', async () => {
    await openAdapter();
    expect(globalThis.setImmediate).not.toBe(counting);
    const seen: unknown[] = [];
    await new Promise<void>((resolve) => {
      setImmediate((...args: number[]) => seen.push(...args), 1, 2);
      setImmediate(() => seen.push(3));
      setImmediate(resolve);
    });
    expect(seen).toEqual([1, 2, 3]);
    expect(await promisify(setImmediate)('done')).toBe('done');
    const cancelled = setImmediate(() => seen.push(4));
    clearImmediate(cancelled);
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(seen).toEqual([1, 2, 3]);
  });
});
