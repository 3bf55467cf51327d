/** docs/scale-out.md: its Slurm script and its Kubernetes Job deal out a whole study, each unit once. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type StudyOptions, studyConfigOf } from '../src/experiments/commands/study-options.ts';
import { type Shard, unitsOf, unitsOfShard } from '../src/experiments/study/units.ts';
import { fenced, parsed, wordsOf } from './support/doc-commands.ts';

const PAGE = 'docs/scale-out.md';

/** What these command lines do between them, and where they leave it. */
async function dealt(lines: readonly (readonly string[])[]) {
  const options = lines.map((words) => {
    const { name, options: own } = parsed(words);
    expect(name).toBe('reproduce');
    return own as StudyOptions & { shard: Shard; out: string; name: string };
  });
  const configs = await Promise.all(options.map((own) => studyConfigOf(own)));
  for (const config of configs) expect(config).toEqual(configs[0]);
  const titles = options.flatMap(({ shard }, i) =>
    unitsOfShard(configs[i]!, shard).map((unit) => JSON.stringify(unit)),
  );
  return {
    done: titles.sort(),
    all: unitsOf(configs[0]!)
      .map((unit) => JSON.stringify(unit))
      .sort(),
    folders: new Set(options.map(({ out, name }) => `${out}/${name}`)),
  };
}

describe('Slurm', () => {
  const [script, submission] = fenced(PAGE, 'sh').slice(1);
  const environment = { USER: 'someone' };

  test('every unit is in one task of the array', async () => {
    const [, first, last] = script!.match(/^#SBATCH --array=(\d+)-(\d+)$/m)!.map(Number);
    const tasks = Array.from({ length: last! - first! + 1 }, (_, i) => first! + i);
    expect(tasks.length).toBeGreaterThan(1);
    const lines = tasks.flatMap((task) =>
      wordsOf(script!, {
        ...environment,
        SLURM_ARRAY_TASK_ID: String(task),
        SLURM_ARRAY_TASK_COUNT: String(tasks.length),
      }),
    );
    const { done, all, folders } = await dealt(lines);
    expect(done).toEqual(all);
    expect([...folders]).toEqual(['/scratch/someone/runs/study']);
  });

  test('the merge follows the tasks, and reads where they wrote', () => {
    expect(submission).toContain('--dependency=afterok:$job');
    const [words] = wordsOf(submission!, environment);
    expect(parsed(words!)).toMatchObject({ name: 'merge', args: ['/scratch/someone/runs/study'] });
  });
});

describe('Kubernetes', () => {
  /** What the Job is read for here. */
  interface Job {
    apiVersion: string;
    kind: string;
    spec: {
      completionMode: string;
      completions: number;
      backoffLimitPerIndex: number;
      template: {
        spec: {
          restartPolicy: string;
          containers: {
            command: string[];
            args: string[];
            volumeMounts: { name: string; mountPath: string }[];
          }[];
          volumes: { name: string }[];
        };
      };
    };
  }
  const job = parse(fenced(PAGE, 'yaml')[0]!) as Job;
  const { containers, volumes, restartPolicy } = job.spec.template.spec;
  const [container] = containers;

  test('the Job is one that counts its pods, and starts a failed one again by itself', () => {
    expect([job.apiVersion, job.kind, job.spec.completionMode]).toEqual(['batch/v1', 'Job', 'Indexed']);
    // Kubernetes refuses a limit per index with any other policy.
    expect(job.spec.backoffLimitPerIndex).toBeGreaterThan(0);
    expect(restartPolicy).toBe('Never');
    expect(container!.volumeMounts.map(({ name }) => name)).toEqual(volumes.map(({ name }) => name));
  });

  test('every unit is in one pod', async () => {
    expect(container!.command).toEqual(['/bin/sh', '-c']);
    const lines = Array.from({ length: job.spec.completions }, (_, index) =>
      wordsOf(container!.args[0]!, { JOB_COMPLETION_INDEX: String(index) }),
    ).flat();
    const { done, all, folders } = await dealt(lines);
    expect(done).toEqual(all);
    expect([...folders]).toEqual(['/runs/study']);
    expect(container!.volumeMounts.map(({ mountPath }) => mountPath)).toContain('/runs');
  });
});
