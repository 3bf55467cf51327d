/**
 * Controls with their words: a label, a sentence for someone who has never heard of the thing (`hint`), and the formula or
 * symbol beside it (`math`). All are native elements, so that keyboards and screen readers work as everywhere.
 */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface Worded {
  readonly label: string;
  readonly hint?: ComponentChildren;
  /** A symbol or formula, for those who know it. */
  readonly math?: ComponentChildren;
  readonly disabled?: boolean;
}

interface FieldProps extends Pick<Worded, 'label' | 'hint' | 'math'> {
  readonly id: string;
  /** What the control says at the moment, on the right of the label. */
  readonly value?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A label, the control, and the hint under it; the control refers to the hint by `${id}-hint`. */
export function Field({ id, label, hint, math, value, children }: FieldProps) {
  return (
    <div class="field">
      <div class="field-head">
        <label for={id}>
          {label} {math && <span class="math">{math}</span>}
        </label>
        {value !== undefined && (
          <output class="field-value" for={id}>
            {value}
          </output>
        )}
      </div>
      {children}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

export interface SliderProps extends Worded {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** The value in words; a screen reader says it too. */
  readonly format?: (value: number) => string;
  readonly onInput: (value: number) => void;
}

export function Slider({ label, hint, math, disabled, value, min, max, step, format, onInput }: SliderProps) {
  const id = useId();
  const text = format?.(value) ?? String(value);
  return (
    <Field id={id} label={label} hint={hint} math={math} value={text}>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        disabled={disabled}
        aria-valuetext={text}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onInput={(event) => onInput(event.currentTarget.valueAsNumber)}
      />
    </Field>
  );
}

export interface Choice<T extends string> {
  readonly value: T;
  readonly label: string;
}

export interface SelectProps<T extends string> extends Worded {
  readonly value: T;
  readonly choices: readonly Choice<T>[];
  readonly onChange: (value: T) => void;
}

export function Select<T extends string>(props: SelectProps<T>) {
  const { label, hint, math, disabled, value, choices, onChange } = props;
  const id = useId();
  return (
    <Field id={id} label={label} hint={hint} math={math}>
      <select
        id={id}
        value={value}
        disabled={disabled}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => {
          const chosen = choices.find((choice) => choice.value === event.currentTarget.value);
          if (chosen) onChange(chosen.value);
        }}
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
    </Field>
  );
}

export interface CheckboxProps extends Worded {
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

export function Checkbox({ label, hint, math, disabled, checked, onChange }: CheckboxProps) {
  const id = useId();
  return (
    <div class="field">
      <label class="check" for={id}>
        <input
          id={id}
          type="checkbox"
          checked={checked}
          disabled={disabled}
          aria-describedby={hint ? `${id}-hint` : undefined}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
        <span>
          {label} {math && <span class="math">{math}</span>}
        </span>
      </label>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

export interface ButtonProps {
  readonly children: ComponentChildren;
  readonly onClick: () => void;
  /** The one thing that one does on this screen. */
  readonly primary?: boolean;
  readonly disabled?: boolean;
  /** For screen readers, where the text alone does not say it. */
  readonly label?: string;
  readonly pressed?: boolean;
}

export function Button({ children, onClick, primary = false, disabled, label, pressed }: ButtonProps) {
  return (
    <button
      type="button"
      class={primary ? 'primary' : undefined}
      disabled={disabled}
      aria-label={label}
      aria-pressed={pressed}
      onClick={onClick}
    >
      {children}
    </button>
  );
}
