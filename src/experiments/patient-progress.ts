/** Progress that keeps quiet about work which is soon done. */
import type { Progress } from './study/progress.ts';

type Tick = (done: number, total?: number, note?: string) => void;

/** Milliseconds that work may take before anybody is told. */
const PATIENCE = 2000;

/** `progress`, from the moment when a piece of work has taken two seconds. What is said is said at once. */
export function patientProgress(progress: Progress, patience = PATIENCE): Progress {
  return {
    say: (line) => progress.say(line),
    async during(label, total, work) {
      let show: Tick | undefined;
      let latest: Parameters<Tick> = [0];
      const running = work((...state) => {
        latest = state;
        show?.(...state);
      });
      let timer: NodeJS.Timeout | undefined;
      const patienceEnds = new Promise<'late'>((resolve) => {
        timer = setTimeout(() => resolve('late'), patience);
      });
      try {
        const first = await Promise.race([running.then(() => 'done' as const), patienceEnds]);
        if (first === 'done') return await running;
        return await progress.during(label, total, (tick) => {
          show = tick;
          tick(...latest);
          return running;
        });
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
