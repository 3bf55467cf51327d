/** What a run found: the roofline, a table of every case, and the report to take along. */
import { useState } from 'preact/hooks';
import { ceilingShare } from '../../bench/ceiling-share.ts';
import type { BenchFailure, BenchReport, BenchResult, Ceilings } from '../../bench/index.ts';
import { Button } from '../shared/controls.tsx';
import { download } from '../shared/download.ts';
import { rooflinePoints } from './roofline.ts';
import { RooflinePicture } from './roofline-picture.tsx';
import { Scroll } from './scroll.tsx';
import { bytes, number } from './words.ts';

export interface ResultsProps {
  readonly ceilings: Ceilings;
  readonly results: readonly BenchResult[];
  readonly failures: readonly BenchFailure[];
  /** The whole, when there is one to copy. */
  readonly report: BenchReport | undefined;
}

export function ResultsView({ ceilings, results, failures, report }: ResultsProps) {
  const points = rooflinePoints({ results, ceilings });
  return (
    <>
      <section class="panel" aria-labelledby="roofline-title">
        <h2 id="roofline-title">Roofline</h2>
        <Scroll label="Roofline picture">
          <RooflinePicture points={points} ceilings={ceilings} />
        </Scroll>
        <p class="hint" id="roofline-words">
          Every mark is a kernel: further right it computes more for every byte, further up it computes
          faster. Under the slope memory is the limit, under the flat roof arithmetic. The nearer a mark is to
          the roof, the less is left to gain; it can be above where a cache serves what memory would have to.
          Both ceilings are measured here, with the simplest kernels there are.
        </p>
      </section>
      <section class="panel" aria-labelledby="table-title">
        <h2 id="table-title">Every case</h2>
        {report && <TakeAlong report={report} />}
        <Scroll label="Table of every case">
          <table class="numbers">
            <thead>
              <tr>
                <th scope="col">case</th>
                <th scope="col">median</th>
                <th scope="col">best</th>
                <th scope="col">rate</th>
                <th scope="col">of ceiling</th>
                <th scope="col">first run</th>
                <th scope="col">kernels</th>
                <th scope="col">memory</th>
              </tr>
            </thead>
            <tbody>
              {results.map((result) => (
                <Row key={result.name} result={result} ceilings={ceilings} />
              ))}
            </tbody>
          </table>
        </Scroll>
        {failures.length > 0 && (
          <ul class="failures">
            {failures.map(({ name, message }) => (
              <li key={name}>
                <strong>{name}</strong> was not run: {message}
              </li>
            ))}
          </ul>
        )}
      </section>
    </>
  );
}

function Row({ result, ceilings }: { readonly result: BenchResult; readonly ceilings: Ceilings }) {
  const { name, description, medianMs, minimumMs, rate, firstMs, dispatches, plannedBytes } = result;
  const share = ceilingShare(result, ceilings);
  return (
    <tr>
      <th scope="row" title={description}>
        {name}
      </th>
      <td>{number(medianMs)} ms</td>
      <td>{number(minimumMs)} ms</td>
      <td>
        {number(rate.median)} {rate.unit}
      </td>
      <td>
        {share === undefined ? (
          '–'
        ) : (
          <span class="share">
            <span class="bar" style={{ inlineSize: `${Math.min(1, share) * 100}%` }} />
            <span>{Math.round(share * 100)} %</span>
          </span>
        )}
      </td>
      <td>{number(firstMs)} ms</td>
      <td>{dispatches}</td>
      <td>{bytes(plannedBytes)}</td>
    </tr>
  );
}

/** Copies the report, or saves it; the same JSON as `facet bench --json` prints. */
function TakeAlong({ report }: { readonly report: BenchReport }) {
  const [said, setSaid] = useState('');
  const text = () => JSON.stringify(report, null, 2);
  return (
    <div class="row">
      <Button
        onClick={() => {
          navigator.clipboard.writeText(text()).then(
            () => setSaid('Copied.'),
            () => setSaid('The browser does not let the page copy; save the file instead.'),
          );
        }}
      >
        Copy as JSON
      </Button>
      <Button onClick={() => download('facet-bench.json', new Blob([text()], { type: 'application/json' }))}>
        Save as JSON
      </Button>
      <span role="status" class="hint">
        {said}
      </span>
    </div>
  );
}
