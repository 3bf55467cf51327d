/** The attack lab: a pair of faces, one defence or two, an attack, and what happens. */
import { useRef } from 'preact/hooks';
import { Button, Select, Slider } from '../shared/controls.tsx';
import { ErrorMessage } from '../shared/messages.tsx';
import { mountPage, Shell } from '../shared/shell.tsx';
import { EngineGate, type EngineHandle, useEngine } from '../shared/use-engine.tsx';
import { LAB_ATTACKS, labAttack, sliderText } from './attacks.ts';
import { DefencePicker } from './defence-picker.tsx';
import { FaceCard } from './face-card.tsx';
import { anotherPerson } from './faces.ts';
import { OwnFace } from './own-face.tsx';
import { Recorded } from './recorded.tsx';
import { labRecord, savePictures, saveRecord, sideTitle } from './save.ts';
import { SideView } from './side-view.tsx';
import { isBusy, isReady, openSides, SLOW } from './state.ts';
import { type Lab, useLab } from './use-lab.ts';
import type { LabWorker } from './worker.ts';

/** Where choices and stage lie one below the other; as in style.css. */
const NARROW = '(max-width: 59.99rem)';

function AttackLab() {
  const engine = useEngine<LabWorker>();
  return (
    <Shell
      page="attack-lab"
      title="Attack lab"
      lead="Can a change that you hardly see make one person pass for another? Pick two faces and a defence, start the attack, and watch the network change its mind."
    >
      <EngineGate engine={engine} recorded={<Recorded />}>
        <Workbench engine={engine} />
      </EngineGate>
    </Shell>
  );
}

function Workbench({ engine }: { readonly engine: EngineHandle<LabWorker> }) {
  const lab = useLab(engine.state);
  const adapter = engine.state.kind === 'ready' ? engine.state.adapter.description : 'none';
  return (
    <div class="lab">
      <div class="choices">
        <Faces lab={lab} />
        <Defences lab={lab} />
        <AttackSettings lab={lab} />
      </div>
      <Stage lab={lab} adapter={adapter} />
    </div>
  );
}

function Faces({ lab }: { readonly lab: Lab }) {
  const { state, dispatch, pixels } = lab;
  const { source, target } = state.faces;
  const faces = pixels.a;
  const shared = { disabled: isBusy(state), size: faces?.size ?? ([56, 56] as const) };
  return (
    <section class="panel" aria-labelledby="faces-title">
      <h2 id="faces-title">1. Two faces</h2>
      <div class="pair">
        <FaceCard
          {...shared}
          title="Attacker"
          words="This picture will be changed a little."
          face={source}
          other={target}
          rgb={faces?.source}
          onFace={(face) => dispatch({ type: 'face', role: 'source', face })}
        />
        <FaceCard
          {...shared}
          title="Target"
          words="The attacker wants to be taken for this person."
          face={target}
          other={source}
          rgb={faces?.target}
          onFace={(face) => dispatch({ type: 'face', role: 'target', face })}
        />
      </div>
      <div class="row">
        <Button
          disabled={shared.disabled}
          onClick={() => {
            const first = anotherPerson(Math.random, source, target);
            dispatch({
              type: 'faces',
              source: first,
              target: anotherPerson(Math.random, first, source, target),
            });
          }}
        >
          Another pair
        </Button>
        <Button
          disabled={shared.disabled}
          onClick={() => dispatch({ type: 'faces', source: target, target: source })}
        >
          Swap
        </Button>
      </div>
      <OwnFace
        part="attacker"
        face={source}
        disabled={shared.disabled}
        onFace={(face) => dispatch({ type: 'face', role: 'source', face })}
      />
      <OwnFace
        part="target"
        face={target}
        disabled={shared.disabled}
        onFace={(face) => dispatch({ type: 'face', role: 'target', face })}
      />
      <p class="hint">
        The people are drawn by this project; nobody looks like this. The networks have never seen them.
      </p>
    </section>
  );
}

function Defences({ lab }: { readonly lab: Lab }) {
  const { state, dispatch, manifest, problem, endSearch } = lab;
  const disabled = isBusy(state);
  return (
    <section class="panel" aria-labelledby="defences-title">
      <h2 id="defences-title">2. Defence</h2>
      {problem && <ErrorMessage title="The shipped networks could not be loaded" message={problem} />}
      {(['a', 'b'] as const).map((side) => (
        <DefencePicker
          key={side}
          label={side === 'a' ? 'Attacked network' : 'Compare with'}
          side={state.sides[side]}
          optional={side === 'b'}
          manifest={manifest}
          disabled={disabled}
          onChoose={(choice) => dispatch({ type: 'defence', side, choice })}
          onThreshold={(threshold) => dispatch({ type: 'threshold', side, threshold })}
          onEndSearch={() => endSearch(side)}
        />
      ))}
    </section>
  );
}

function AttackSettings({ lab }: { readonly lab: Lab }) {
  const { state, dispatch } = lab;
  const disabled = isBusy(state);
  const { words, math, source, sliders } = labAttack(state.attack);
  return (
    <section class="panel" aria-labelledby="attack-title">
      <h2 id="attack-title">3. Attack</h2>
      <Select
        label="Attack"
        value={state.attack}
        choices={LAB_ATTACKS.map(({ name, title }) => ({ value: name, label: title }))}
        disabled={disabled}
        hint={words}
        onChange={(attack) => dispatch({ type: 'attack', attack })}
      />
      {sliders.map((slider) => (
        <Slider
          key={`${state.attack}-${slider.setting}`}
          label={slider.label}
          hint={slider.hint}
          math={slider.math}
          min={slider.min}
          max={slider.max}
          step={slider.step}
          value={state.values[slider.setting] ?? slider.initial}
          format={(value) => sliderText(slider, value)}
          disabled={disabled}
          onInput={(value) => dispatch({ type: 'value', setting: slider.setting, value })}
        />
      ))}
      <details>
        <summary>The formula</summary>
        <p class="math">{math}</p>
        <p class="hint">
          f is how far the features are from the target’s: ½ Σ ‖f̂ − t̂‖² over the networks (LOTS, Rozsa et al.
          2017). {source}.
        </p>
      </details>
    </section>
  );
}

function Stage({ lab, adapter }: { readonly lab: Lab; readonly adapter: string }) {
  const stage = useRef<HTMLElement>(null);
  const { state, dispatch, pixels, start, hold, go, step, reset } = lab;
  const sides = openSides(state);
  const runs = sides.map((side) => state.sides[side]!.run);
  const busy = isBusy(state);
  const held = runs.some(({ kind }) => kind === 'held');
  const over = !busy && runs.some(({ kind }) => kind === 'done' || kind === 'failed');
  const ready = isReady(state);
  const done = runs.some(({ kind }) => kind === 'done');
  const begin = (wantHeld: boolean) => {
    start(wantHeld);
    // On a narrow screen the buttons are at hand everywhere, and what happens may be further down.
    if (matchMedia(NARROW).matches) stage.current?.scrollIntoView({ block: 'start' });
  };
  const seen = sides.some((side) => state.sides[side]!.frame);
  return (
    <section ref={stage} class="panel stage" aria-labelledby="stage-title">
      <div class="stage-head">
        <h2 id="stage-title">4. Watch</h2>
        <div class="row buttons">
          {!busy && (
            <Button primary disabled={!ready} onClick={() => begin(false)}>
              {over ? 'Start again' : 'Start the attack'}
            </Button>
          )}
          {busy && !held && (
            <Button primary onClick={hold}>
              Stop
            </Button>
          )}
          {busy && held && (
            <Button primary onClick={go}>
              Go on
            </Button>
          )}
          <Button
            disabled={!(ready && !over && !busy) && !held}
            onClick={() => (busy ? step() : begin(true))}
          >
            One step
          </Button>
          <Button disabled={!busy && !over} onClick={reset}>
            Reset
          </Button>
        </div>
      </div>
      <div class={sides.length > 1 ? 'sides two' : 'sides'}>
        {sides.map((side) => (
          <SideView
            key={side}
            title={sideTitle(state.sides[side]!)}
            side={state.sides[side]!}
            pixels={pixels[side]}
            amplification={state.amplification}
          />
        ))}
      </div>
      <div class="stage-foot">
        <Select
          label="Speed"
          value={state.interval > 0 ? 'slow' : 'full'}
          choices={[
            { value: 'slow', label: 'Slow motion, five steps a second' },
            { value: 'full', label: 'As fast as this device can' },
          ]}
          onChange={(speed) => lab.pace(speed === 'slow' ? SLOW : 0)}
        />
        <Slider
          label="Show the change"
          hint="The change itself is hard to see. Grey is where nothing changed."
          value={state.amplification}
          min={1}
          max={50}
          step={1}
          format={(factor) => `${factor} times as strong`}
          onInput={(factor) => dispatch({ type: 'amplification', factor })}
        />
        <div class="row">
          <Button disabled={!seen} onClick={() => void savePictures(state, pixels)}>
            Save the pictures
          </Button>
          <Button disabled={!done} onClick={() => saveRecord(labRecord(state, pixels, adapter))}>
            Save settings and results
          </Button>
        </div>
      </div>
    </section>
  );
}

mountPage(<AttackLab />);
