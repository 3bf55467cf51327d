/** The report viewer: opens the results.json of a run. Needs no WebGPU. */
import { type Remote, wrap } from 'comlink';
import { useEffect, useReducer, useRef } from 'preact/hooks';
import { Button } from '../shared/controls.tsx';
import { FileDrop } from '../shared/file-drop.tsx';
import { ErrorMessage } from '../shared/messages.tsx';
import { fetchRecorded } from '../shared/recorded.tsx';
import { mountPage, Shell } from '../shared/shell.tsx';
import { ReportView } from './report-view.tsx';
import { INITIAL_STATE, reduce } from './state.ts';
import type { ReportReader } from './worker.ts';

const EXAMPLE = 'the example';

interface Reader {
  readonly worker: Worker;
  readonly api: Remote<ReportReader>;
}

/** The worker, started when it is first needed; `end` stops what it does. */
function useReader(): { open: () => Remote<ReportReader>; end: () => void } {
  const reader = useRef<Reader | undefined>(undefined);
  const end = () => {
    reader.current?.worker.terminate();
    reader.current = undefined;
  };
  useEffect(() => end, []);
  const open = () => {
    if (!reader.current) {
      const worker = new Worker(new URL('worker.js', document.baseURI), { type: 'module' });
      reader.current = { worker, api: wrap<ReportReader>(worker) };
    }
    return reader.current.api;
  };
  return { open, end };
}

function ReportViewer() {
  const [state, dispatch] = useReducer(reduce, INITIAL_STATE);
  const reader = useReader();
  const turns = useRef(0);
  const show = async (name: string, getFile: () => Promise<Blob>) => {
    const turn = ++turns.current;
    dispatch({ kind: 'open', turn, name });
    try {
      dispatch({ kind: 'rendered', turn, report: await reader.open().open(await getFile(), name) });
    } catch (error) {
      dispatch({ kind: 'failed', turn, message: error instanceof Error ? error.message : String(error) });
    }
  };
  const showExample = () =>
    show(EXAMPLE, async () => (await fetchRecorded('../recorded/results.json')).blob());
  return (
    <Shell
      page="report-viewer"
      title="Report viewer"
      lead="A study leaves everything it measured in one file, results.json. Open one here and read it as the report: findings, tables, figures."
    >
      <section class="panel" aria-label="Open">
        <FileDrop
          label="Open a results.json"
          hint="Or drop it here. The file stays in this browser."
          accept=".json,application/json"
          onFiles={([file]) => file && void show(file.name, async () => file)}
        />
        <div class="row">
          <Button onClick={() => void showExample()}>Show an example</Button>
          {state.kind === 'reading' && (
            <>
              <span role="status">Reading {state.name} …</span>
              <Button
                onClick={() => {
                  reader.end();
                  dispatch({ kind: 'close' });
                }}
              >
                Cancel
              </Button>
            </>
          )}
          {state.kind === 'shown' && (
            <span role="status" class="hint">
              Showing {state.name}.
            </span>
          )}
        </div>
        {state.kind === 'failed' && (
          <ErrorMessage
            title={`${state.name} could not be shown`}
            message={state.message}
            onDismiss={() => dispatch({ kind: 'close' })}
          />
        )}
      </section>
      {state.kind === 'shown' ? (
        <>
          <ReportView key={state.turn} report={state.report} />
          <p class="hint">
            {state.report.pictures > 0
              ? 'Of the pictures, results.json holds the examples above; every adversarial picture lies beside it in the run’s folder.'
              : 'This results.json holds no pictures; adversarial pictures lie beside it in the run’s folder.'}
          </p>
        </>
      ) : (
        <section class="prose">
          <h2>Where such a file comes from</h2>
          <p>
            <code>npm start</code> runs the study at its smallest, in minutes and on any computer;{' '}
            <code>npx facet reproduce</code> and <code>npx facet attack</code> run larger ones. Each writes a
            folder with <code>results.json</code>, the same report as a page of its own, figures as SVG and
            tables as CSV.
          </p>
        </section>
      )}
    </Shell>
  );
}

mountPage(<ReportViewer />);
