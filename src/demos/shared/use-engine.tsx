/** A page's worker as a hook: its state to draw by, and what to show while there is no engine. */

import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { Button } from './controls.tsx';
import { EngineLink, type LinkState } from './engine-link.ts';
import type { EngineApi } from './engine-worker.ts';
import { ErrorMessage, Notice, NoWebGpu } from './messages.tsx';

export interface EngineHandle<Api> {
  readonly state: LinkState<Api>;
  /** Why the worker was replaced, if it was. */
  readonly news: string | undefined;
  readonly dismissNews: () => void;
  readonly restart: () => void;
}

const WITHOUT_WEBGPU = 'this browser offers no WebGPU (navigator.gpu is missing)';

/**
 * Starts the worker `worker.js` beside the page, and ends it when the page is left; back from the browser's history it starts
 * again. The page asks by `state.kind`, and keeps what belongs to a device by `state.generation`.
 */
export function useEngine<Api extends EngineApi>(): EngineHandle<Api> {
  const [state, setState] = useState<LinkState<Api>>({ kind: 'starting' });
  const [news, setNews] = useState<string>();
  const link = useMemo(
    () =>
      new EngineLink<Api>({
        makeWorker: () => new Worker(new URL('worker.js', document.baseURI), { type: 'module' }),
        onState: setState,
        onNews: setNews,
      }),
    [],
  );
  useEffect(() => {
    if (!('gpu' in navigator)) {
      const why = isSecureContext ? WITHOUT_WEBGPU : 'the page is not served over https or from localhost';
      setState({ kind: 'unsupported', reason: why });
      return undefined;
    }
    const show = (event: PageTransitionEvent) => {
      if (event.persisted) link.start();
    };
    const hide = () => link.close();
    link.start();
    addEventListener('pageshow', show);
    addEventListener('pagehide', hide);
    return () => {
      removeEventListener('pageshow', show);
      removeEventListener('pagehide', hide);
      link.close();
    };
  }, [link]);
  return { state, news, dismissNews: () => setNews(undefined), restart: () => link.restart() };
}

export interface EngineGateProps<Api> {
  readonly engine: EngineHandle<Api>;
  /** What to show where there is no WebGPU. */
  readonly recorded?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** News of the engine above the page; the page itself unless there is no engine to be had. */
export function EngineGate<Api>({ engine, recorded, children }: EngineGateProps<Api>) {
  const { state, news, dismissNews, restart } = engine;
  if (state.kind === 'unsupported') return <NoWebGpu reason={state.reason}>{recorded}</NoWebGpu>;
  return (
    <>
      {news && (
        <Notice>
          <p>{news}</p>
          <Button onClick={dismissNews}>Close</Button>
        </Notice>
      )}
      {state.kind === 'failed' && (
        <ErrorMessage title="The engine stopped" message={state.message} onRetry={restart} />
      )}
      {state.kind === 'ready' && state.adapter.software && (
        <Notice>
          <p>
            No graphics card answers here: a processor computes in its stead ({state.adapter.description}),
            which takes much longer.
          </p>
        </Notice>
      )}
      {children}
    </>
  );
}
