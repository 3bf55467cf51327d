/** The kernel bench: how fast this machine's graphics card runs what facet is made of. */
import { proxy, type Remote } from 'comlink';
import { useEffect, useReducer, useState } from 'preact/hooks';
import type { BenchReport } from '../../bench/index.ts';
import { Button, Checkbox, Select, Slider } from '../shared/controls.tsx';
import { ErrorMessage } from '../shared/messages.tsx';
import { RecordedGate, recordedJson, useRecorded } from '../shared/recorded.tsx';
import { mountPage, Shell } from '../shared/shell.tsx';
import { EngineGate, useEngine } from '../shared/use-engine.tsx';
import { AdapterView } from './adapter.tsx';
import { GROUPS } from './groups.ts';
import { ResultsView } from './results.tsx';
import { type BenchState, INITIAL_STATE, MEMBERS, type MembersChoice, reduce } from './state.ts';
import type { AdapterFacts, KernelBenchWorker, RunListener } from './worker.ts';

const CHOICES: readonly { readonly value: MembersChoice; readonly label: string }[] = [
  { value: 'one', label: 'one network' },
  { value: 'three', label: 'an ensemble of three' },
  { value: 'both', label: 'both' },
];

function Bench({ api }: { readonly api: Remote<KernelBenchWorker> | undefined }) {
  const [state, dispatch] = useReducer(reduce, INITIAL_STATE);
  const [facts, setFacts] = useState<AdapterFacts>();
  const { groups, members, seconds, running, ceilings, results, failures, report, error } = state;

  useEffect(() => {
    // Another device: what ran on the last one never ends.
    dispatch({ kind: 'lost' });
    void api?.facts().then(setFacts);
  }, [api]);

  const run = (worker: Remote<KernelBenchWorker>) => {
    dispatch({ kind: 'run' });
    const listener: RunListener = {
      begin: (cases) => dispatch({ kind: 'begin', cases }),
      ceilings: (found) => dispatch({ kind: 'ceilings', ceilings: found }),
      start: (name) => dispatch({ kind: 'case', name }),
      result: (result) => dispatch({ kind: 'result', result }),
    };
    worker.run({ groups: [...groups], members: MEMBERS[members], seconds }, proxy(listener)).then(
      (found: BenchReport) => dispatch({ kind: 'ended', report: found }),
      (reason: Error) => dispatch({ kind: 'failed', message: reason.message }),
    );
  };
  return (
    <>
      {facts && <AdapterView facts={facts} />}
      <section class="panel" aria-label="Benchmarks">
        <fieldset>
          <legend>What to time</legend>
          <div class="columns groups">
            {GROUPS.map(({ name, title, about }) => (
              <Checkbox
                key={name}
                label={title}
                math={name}
                hint={about}
                checked={groups.has(name)}
                disabled={running}
                onChange={(chosen) => dispatch({ kind: 'choose', group: name, chosen })}
              />
            ))}
          </div>
        </fieldset>
        <div class="columns">
          <Slider
            label="Time for each"
            hint="Longer gives steadier numbers. At least five runs are made, however long they last."
            value={seconds}
            min={0}
            max={3}
            step={0.25}
            format={(x) => `${x} s`}
            disabled={running}
            onInput={(chosen) => dispatch({ kind: 'seconds', seconds: chosen })}
          />
          <Select
            label="Members"
            math="M"
            hint="An ensemble is computed as one network with one more axis: three times the work in as many kernels."
            value={members}
            choices={CHOICES}
            disabled={running}
            onChange={(chosen) => dispatch({ kind: 'members', members: chosen })}
          />
        </div>
        <div class="row">
          {running ? (
            <Button primary onClick={() => void api?.cancel()}>
              Stop
            </Button>
          ) : (
            <Button primary disabled={!api || groups.size === 0} onClick={() => api && run(api)}>
              Run
            </Button>
          )}
          <Progress state={state} />
        </div>
        {error && <ErrorMessage title="The run stopped" message={error} />}
      </section>
      {(results.length > 0 || failures.length > 0) && (
        <ResultsView ceilings={ceilings} results={results} failures={failures} report={report} />
      )}
    </>
  );
}

function Progress({ state }: { readonly state: BenchState }) {
  const { running, progress, groups, report } = state;
  if (!running) {
    const ended = report && `Done: ${report.results.length} cases on ${report.adapter}.`;
    return (
      <p class="hint" role="status">
        {ended ?? (groups.size === 0 ? 'Choose at least one.' : '')}
      </p>
    );
  }
  const { cases, done, current } = progress;
  return (
    <div class="progress">
      <progress max={Math.max(1, cases)} value={done} aria-label="Cases done" />
      <p class="hint" role="status">
        {current ? `${done + 1} of ${cases}: ${current}` : 'Measuring what is possible at most …'}
      </p>
    </div>
  );
}

const loadRecorded = () => recordedJson<BenchReport>('../recorded/bench.json');

/** A run of the same code in Node. */
function Recorded() {
  const recorded = useRecorded(loadRecorded);
  return <RecordedGate recorded={recorded}>{(report) => <RecordedReport report={report} />}</RecordedGate>;
}

function RecordedReport({ report }: { readonly report: BenchReport }) {
  return (
    <>
      <p>
        Recorded on {report.adapter}, {new Date(report.date).toLocaleDateString('en', { dateStyle: 'long' })}:
        two cores of a processor that had other work to do, and no graphics card.
      </p>
      <ResultsView {...report} report={report} />
    </>
  );
}

function KernelBenchPage() {
  const engine = useEngine<KernelBenchWorker>();
  const api = engine.state.kind === 'ready' ? engine.state.api : undefined;
  return (
    <Shell
      page="kernel-bench"
      title="Kernel bench"
      lead="How fast does your graphics card run what a face recogniser is made of, and how much faster could it be at all? The same benchmarks as on the command line."
    >
      <EngineGate engine={engine} recorded={<Recorded />}>
        <Bench api={api} />
      </EngineGate>
    </Shell>
  );
}

mountPage(<KernelBenchPage />);
