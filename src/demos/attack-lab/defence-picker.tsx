/** Chooses a side's defence: one of the shipped, a file of one's own, or none for the second side. */
import type { NetworkManifest } from '../../models/network-manifest.ts';
import { Button, type Choice, Select, Slider } from '../shared/controls.tsx';
import { FileDrop } from '../shared/file-drop.tsx';
import { ErrorMessage } from '../shared/messages.tsx';
import { defenceName, defenceWords } from './defence-words.ts';
import type { DefenceChoice, SideState } from './state.ts';

const OWN = 'own file';
const NONE = 'none';

export interface DefencePickerProps {
  readonly label: string;
  readonly side: SideState | undefined;
  /** There may be none. */
  readonly optional: boolean;
  readonly manifest: NetworkManifest | undefined;
  readonly disabled: boolean;
  readonly onChoose: (choice: DefenceChoice | undefined) => void;
  readonly onThreshold: (threshold: number) => void;
  readonly onEndSearch: () => void;
}

/** Counts drops, so that a file that is dropped again is opened again. */
let drops = 0;

export function DefencePicker(props: DefencePickerProps) {
  const { label, side, optional, manifest, disabled, onChoose, onThreshold, onEndSearch } = props;
  const choice = side?.choice;
  const value = !choice ? NONE : choice.kind === 'files' ? OWN : choice.defence;
  // Until the manifest is there, what is chosen stands for itself.
  const shipped =
    manifest?.networks.map(({ defence }) => defence) ?? (choice?.kind === 'shipped' ? [choice.defence] : []);
  const choices: Choice<string>[] = [
    ...shipped.map((defence) => ({ value: defence, label: defenceName(defence) })),
    { value: OWN, label: 'A file of your own…' },
    ...(optional ? [{ value: NONE, label: 'None' }] : []),
  ];
  const entry =
    choice?.kind === 'shipped'
      ? manifest?.networks.find(({ defence }) => defence === choice.defence)
      : undefined;
  const open = (files: readonly File[]) => onChoose({ kind: 'files', files, drop: ++drops });
  return (
    <div class="defence">
      <Select
        label={label}
        value={value}
        choices={choices}
        disabled={disabled}
        hint={entry && defenceWords(entry)}
        onChange={(chosen) => {
          if (chosen === NONE) onChoose(undefined);
          else if (chosen === OWN) open([]);
          else onChoose({ kind: 'shipped', defence: chosen });
        }}
      />
      {choice?.kind === 'files' && (
        <FileDrop
          label="Choose a network"
          hint="A .safetensors file of facet or of a published MobileFaceNet, or an .onnx file; several make an ensemble."
          accept=".safetensors,.onnx"
          multiple
          disabled={disabled}
          onFiles={open}
        />
      )}
      {side?.problem && choice && !(choice.kind === 'files' && choice.files.length === 0) && (
        <ErrorMessage title="This network could not be opened" message={side.problem} />
      )}
      {choice?.kind === 'files' && side?.network && (
        <>
          <p class="hint">
            {side.network.description}:{' '}
            {side.network.members === 1 ? 'one network' : `${side.network.members} networks`},{' '}
            {side.network.embeddingSize} features, images of {side.network.inputSize.join('×')}.
          </p>
          {side.search !== undefined ? (
            <div class="row">
              <progress value={side.search} max={1} aria-label="Looking for a threshold" />
              <Button onClick={onEndSearch}>Set it by hand</Button>
            </div>
          ) : (
            side.threshold !== undefined && (
              <Slider
                label="Threshold"
                math="accept if cos > t"
                hint="Two pictures count as one person above it. At first it is where one in a hundred pairs of drawn strangers would be accepted; for photographs another value may be right."
                value={side.threshold}
                min={-0.2}
                max={1}
                step={0.005}
                disabled={disabled}
                format={(threshold) => threshold.toFixed(3)}
                onInput={onThreshold}
              />
            )
          )}
        </>
      )}
    </div>
  );
}
