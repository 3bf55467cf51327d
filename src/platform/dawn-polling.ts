/**
 * Lets Node's main thread sleep while Dawn works. Dawn's binding asks for finished work from a `setImmediate`
 * that schedules itself again, so the thread spins as long as anything is awaited. Where the CPU is the GPU that
 * costs most of a core, and more than that: a software driver gives each of its threads an equal share of a dispatch,
 * and the one that shares its core with the spinning thread keeps the others waiting.
 *
 * The binding looks `setImmediate` up on the global object at each call; nowhere else can it be slowed down.
 */
import type { AdapterKind } from './host.ts';

/**
 * Milliseconds of a wait in which finished work is noticed at once. A GPU's steps are short and a pause after one of them
 * would be noticed; a CPU's are long, and the spinning takes part of them.
 */
const EAGER = { gpu: 10, cpu: 1 };
/** Milliseconds between two looks after that: the shortest that a timer sleeps. */
const PAUSE = 1;

type Callback = (...args: unknown[]) => void;

/** How polls are scheduled and put off; the clock and the timers are the caller's, to be tested. */
export interface Pace {
  /** Milliseconds of a wait without pauses. */
  readonly eager: () => number;
  readonly immediate: (callback: () => void) => unknown;
  readonly later: (callback: () => void, milliseconds: number) => unknown;
  readonly now: () => number;
}

/**
 * Schedules polls: at once while a wait is young, with pauses when it lasts. A wait begins with a poll that is not asked for
 * by the poll before.
 */
export function pacedPolls({ eager, immediate, later, now }: Pace): (poll: () => void) => unknown {
  let began = 0;
  let polling = false;
  return (poll) => {
    if (!polling) began = now();
    const run = () => {
      polling = true;
      try {
        poll();
      } finally {
        polling = false;
      }
    };
    return now() - began < eager() ? immediate(run) : later(run, PAUSE);
  };
}

/** Dawn's polls are functions of native code without a name; nothing else schedules such. */
function isPoll(callback: Callback): boolean {
  return callback.name === '' && Function.prototype.toString.call(callback).includes('[native code]');
}

let calmed = false;
let eager = EAGER.cpu;

/**
 * Makes every instance of Dawn in this process poll with pauses, as suits what was opened last. Other users of `setImmediate`
 * notice nothing.
 */
export function calmPolling(kind: AdapterKind): void {
  eager = kind === 'gpu' ? EAGER.gpu : EAGER.cpu;
  if (calmed) return;
  calmed = true;
  const original = globalThis.setImmediate;
  const schedule = pacedPolls({
    eager: () => eager,
    immediate: original,
    later: setTimeout,
    now: () => performance.now(),
  });
  const replacement = (callback: Callback, ...args: unknown[]) =>
    args.length === 0 && isPoll(callback) ? schedule(callback) : original(callback, ...args);
  // promisify's special form, the name and the length come along.
  globalThis.setImmediate = Object.defineProperties(
    replacement,
    Object.getOwnPropertyDescriptors(original),
  ) as typeof setImmediate;
}
