/** What the lab would have shown, for browsers without WebGPU: the same attack on every shipped defence, run in Node. */
import { fromBase64 } from '../shared/base64.ts';
import { Picture } from '../shared/picture.tsx';
import { RecordedGate, recordedJson, useRecorded } from '../shared/recorded.tsx';
import { Bars } from './bars.tsx';
import { amplified, unit } from './perturbation.ts';
import { adversarialOf, type LabRecord, type RunRecord } from './record.ts';

const AMPLIFICATION = 10;

const loadRecorded = () => recordedJson<LabRecord>('../recorded/attack-lab.json');

export function Recorded() {
  const recorded = useRecorded(loadRecorded);
  return <RecordedGate recorded={recorded}>{(record) => <RecordedRuns record={record} />}</RecordedGate>;
}

function RecordedRuns({ record }: { readonly record: LabRecord }) {
  const [first] = record.runs;
  if (!first) return null;
  const [height, width] = first.defence.inputSize;
  return (
    <section class="panel" aria-labelledby="recorded-title">
      <h2 id="recorded-title">Recorded: {first.attack.name.toUpperCase()} on every defence</h2>
      <div class="pair recorded-pair">
        <figure>
          <Picture
            rgb={fromBase64(first.pixels.source)}
            width={width}
            height={height}
            alt="The attacker’s face"
          />
          <figcaption>Attacker, {record.pair.source}</figcaption>
        </figure>
        <figure>
          <Picture
            rgb={fromBase64(first.pixels.target)}
            width={width}
            height={height}
            alt="The target’s face"
          />
          <figcaption>Target, {record.pair.target}</figcaption>
        </figure>
      </div>
      <div class="sides two">
        {record.runs.map((run) => (
          <RecordedRun key={run.defence.name} run={run} />
        ))}
      </div>
    </section>
  );
}

function RecordedRun({ run }: { readonly run: RunRecord }) {
  const { defence, result } = run;
  const [height, width] = defence.inputSize;
  const image = adversarialOf(run);
  const source = unit(fromBase64(run.pixels.source));
  const levels = (255 * result.rms).toFixed(1);
  return (
    <section class="side" aria-label={defence.name}>
      <h3>{defence.name}</h3>
      <p class={`status ${result.success ? 'fooled' : 'held-out'}`}>
        {result.success
          ? `Fooled after ${result.iterations} steps, by a change of ${levels} grey levels in 256.`
          : `It held out: not fooled within ${result.evaluations - 1} steps.`}
      </p>
      <div class="images">
        <figure>
          <Picture rgb={image} width={width} height={height} alt={`${defence.name}: the changed face`} />
          <figcaption>Changed face</figcaption>
        </figure>
        <figure>
          <Picture
            rgb={amplified(image, source, AMPLIFICATION)}
            width={width}
            height={height}
            alt={`${defence.name}: the change, ${AMPLIFICATION} times as strong`}
          />
          <figcaption>Its change, ×{AMPLIFICATION}</figcaption>
        </figure>
      </div>
      <Bars similarities={result.after} members={defence.members} threshold={defence.threshold} />
      <p class="hint">
        Similarity {result.before.ensemble.toFixed(3)} before and {result.after.ensemble.toFixed(3)} after;
        the threshold is {defence.threshold.toFixed(3)}.
      </p>
    </section>
  );
}
