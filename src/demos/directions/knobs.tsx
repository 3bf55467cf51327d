/** What one can change of a training: while it runs, or for the next one. */
import { Select, Slider } from '../shared/controls.tsx';
import type { Members, StepSettings } from './settings.ts';

export interface KnobsProps {
  readonly step: StepSettings;
  readonly onStep: (step: Partial<StepSettings>) => void;
  readonly members: Members;
  readonly onMembers: (members: Members) => void;
}

export function Knobs({ step, onStep, members, onMembers }: KnobsProps) {
  return (
    <section class="panel" aria-label="Settings">
      <div class="trio">
        <Slider
          label="Reward for differing"
          math="λ"
          hint="How much the third ensemble gains by pointing apart. At 0 it is the second one. Works while it trains."
          value={step.diversityWeight}
          min={0}
          max={1}
          step={0.05}
          format={(x) => x.toFixed(2)}
          onInput={(diversityWeight) => onStep({ diversityWeight })}
        />
        <Slider
          label="Learning rate"
          hint="How far a step goes. Large steps are fast and may overshoot. Works while it trains."
          value={step.learningRate}
          min={0.002}
          max={0.06}
          step={0.002}
          format={(x) => x.toFixed(3)}
          onInput={(learningRate) => onStep({ learningRate })}
        />
        <MembersChoice members={members} onMembers={onMembers} />
      </div>
    </section>
  );
}

/** Two members on a circle, or three on a sphere. */
export function MembersChoice({ members, onMembers }: Pick<KnobsProps, 'members' | 'onMembers'>) {
  return (
    <Select
      label="Members"
      math="M"
      hint="Features have as many numbers as there are members: with fewer their volume would always be 0."
      value={`${members}`}
      choices={[
        { value: '2', label: 'two members, on a circle' },
        { value: '3', label: 'three members, on a sphere' },
      ]}
      onChange={(chosen) => onMembers(chosen === '3' ? 3 : 2)}
    />
  );
}
