/** Play, pause, start again, and where the training is. */
import { Button } from '../shared/controls.tsx';
import { MOST_STEPS } from './settings.ts';
import type { Phase } from './state.ts';

export interface TransportProps {
  readonly phase: Phase;
  /** Steps done. */
  readonly step: number;
  /** Steps at which it stops. */
  readonly until: number;
  /** Bytes of GPU memory, where known. */
  readonly memory: number | undefined;
  /** There is an engine. */
  readonly ready: boolean;
  readonly onPlay: () => void;
  readonly onPause: () => void;
  readonly onRestart: () => void;
  readonly onOther: () => void;
}

const SAID: Readonly<Record<Phase, string>> = {
  preparing: 'Getting ready: compiling for your graphics card …',
  paused: 'Paused',
  playing: 'Training',
  done: 'Trained',
  failed: 'Stopped',
};

export function Transport(props: TransportProps) {
  const { phase, step, until, memory, ready, onPlay, onPause, onRestart, onOther } = props;
  return (
    <div class="row">
      {phase === 'playing' ? (
        <Button primary onClick={onPause}>
          Pause
        </Button>
      ) : (
        <Button
          primary
          disabled={phase !== 'paused' && !(phase === 'done' && until < MOST_STEPS)}
          onClick={onPlay}
        >
          {phase === 'done' ? 'Go on' : 'Play'}
        </Button>
      )}
      <Button disabled={!ready} onClick={onRestart}>
        Restart
      </Button>
      <Button disabled={!ready} onClick={onOther}>
        Other people, other start
      </Button>
      {/* Only the phase is read out: steps pass twenty times a second. */}
      <p class="hint number">
        <span role="status" data-phase={phase}>
          {SAID[phase]}
        </span>
        {phase !== 'preparing' && <span data-step={step}>{` · step ${step} of ${until}`}</span>}
        {memory !== undefined && (
          <span data-bytes={memory}>{` · ${(memory / 2 ** 20).toFixed(1)} MB on the graphics card`}</span>
        )}
      </p>
    </div>
  );
}
