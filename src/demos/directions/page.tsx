/** The directions page: three small ensembles, trained while one looks. */
import { proxy, type Remote } from 'comlink';
import { useEffect, useReducer, useRef, useState } from 'preact/hooks';
import { ErrorMessage } from '../shared/messages.tsx';
import { mountPage, Shell } from '../shared/shell.tsx';
import { EngineGate, useEngine } from '../shared/use-engine.tsx';
import { Explanation } from './explanation.tsx';
import { Knobs } from './knobs.tsx';
import { Recorded } from './recorded.tsx';
import { INITIAL_STATE, reduce } from './state.ts';
import { Transport } from './transport.tsx';
import { People, View } from './view.tsx';
import type { DirectionsWorker } from './worker.ts';

/** Steps in a second, at most. */
const PACE = 20;
/** Steps between two pictures where less motion is wanted. */
const CALM = 15;

const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

function Live({ api }: { readonly api: Remote<DirectionsWorker> | undefined }) {
  const [state, dispatch] = useReducer(reduce, INITIAL_STATE);
  const [memory, setMemory] = useState<number>();
  const { settings, step, phase, until, training, portraits, snapshot, curves, person, error } = state;
  // The first training plays by itself, unless less motion is wanted; later ones go on as the last one did.
  const plays = useRef(!calm());

  useEffect(() => {
    if (!api) return;
    // Another device than before: it knows nothing of the last one's training.
    if (phase !== 'preparing') {
      dispatch({ kind: 'restart' });
      return;
    }
    api.prepare(settings).then(
      async (prepared) => {
        dispatch({ kind: 'prepared', training, ...prepared });
        if (plays.current) dispatch({ kind: 'play' });
        setMemory(await api.allocatedBytes());
      },
      (reason: Error) => dispatch({ kind: 'failed', training, message: reason.message }),
    );
    // A training is prepared once: its number says when, whatever else changes.
  }, [api, training]);

  useEffect(() => {
    void api?.set(step);
  }, [api, step]);

  useEffect(() => {
    if (!api || phase !== 'playing') return;
    const options = { until, every: calm() ? CALM : 1, pace: PACE };
    const show = proxy(async (fresh: typeof snapshot) => {
      if (fresh) dispatch({ kind: 'snapshot', training, snapshot: fresh });
    });
    api
      .play(options, show)
      .catch((reason: Error) => dispatch({ kind: 'failed', training, message: reason.message }));
    return () => void api.pause();
  }, [api, phase, training, until]);

  const restart = () => {
    plays.current = true;
    dispatch({ kind: 'restart' });
  };
  return (
    <>
      <section class="panel" aria-label="Training">
        <Transport
          phase={phase}
          step={snapshot?.step ?? 0}
          until={until}
          memory={memory}
          ready={api !== undefined}
          onPlay={() => {
            plays.current = true;
            dispatch({ kind: 'play' });
          }}
          onPause={() => {
            plays.current = false;
            dispatch({ kind: 'pause' });
          }}
          onRestart={restart}
          onOther={() => {
            plays.current = true;
            dispatch({ kind: 'restart', settings: { seed: settings.seed + 1 } });
          }}
        />
        {error && <ErrorMessage title="The training stopped" message={error} onRetry={restart} />}
        <People
          portraits={portraits}
          person={person}
          onChoose={(who) => dispatch({ kind: 'look-at', person: who })}
        />
      </section>
      {snapshot && (
        <View snapshot={snapshot} curves={curves} steps={until} person={person}>
          <Knobs
            step={step}
            onStep={(changed) => dispatch({ kind: 'set', step: changed })}
            members={settings.members}
            onMembers={(members) => dispatch({ kind: 'restart', settings: { members } })}
          />
        </View>
      )}
    </>
  );
}

function DirectionsPage() {
  const engine = useEngine<DirectionsWorker>();
  const { state } = engine;
  const api = state.kind === 'ready' ? state.api : undefined;
  return (
    <Shell
      page="directions"
      title="Directions"
      lead="A face recogniser turns a picture into an arrow. An ensemble draws several, one for each member. Should they agree, or differ? Watch three small ensembles learn the same six people in some seconds."
    >
      <EngineGate engine={engine} recorded={<Recorded />}>
        <Live api={api} />
      </EngineGate>
      <Explanation />
    </Shell>
  );
}

mountPage(<DirectionsPage />);
