/** The attacks that the lab offers, in words for everyone, and their settings as sliders in units that one can picture. */
import type { AttackName } from '../../attacks/catalogue.ts';
import type { GivenSettings } from '../../attacks/settings.ts';

export interface SliderSpec {
  /** Name in the attack's own settings. */
  readonly setting: string;
  readonly label: string;
  readonly hint: string;
  readonly math: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly initial: number;
  /** What the slider's number is: levels of 256, of which an attack takes 1/255; or the setting as it is. */
  readonly unit: 'grey levels' | 'plain';
}

export interface LabAttack {
  readonly name: AttackName;
  /** As papers write it. */
  readonly title: string;
  /** What it does, for someone who has never heard of gradients. */
  readonly words: string;
  readonly math: string;
  readonly source: string;
  readonly sliders: readonly SliderSpec[];
}

const stepSize = (initial: number): SliderSpec => ({
  setting: 'stepSize',
  label: 'Step',
  hint: 'How far each pixel may move at a time. Small steps find smaller changes, and take longer.',
  math: 'α',
  min: 0.25,
  max: 8,
  step: 0.25,
  initial,
  unit: 'grey levels',
});

const stepShare: SliderSpec = {
  setting: 'stepShare',
  label: 'Step, as a share of the limit',
  hint: 'How much of the allowed change one step may take.',
  math: 'α / ε',
  min: 0.02,
  max: 1,
  step: 0.02,
  initial: 0.1,
  unit: 'plain',
};

const linf = (initial: number): SliderSpec => ({
  setting: 'epsilon',
  label: 'Largest change of a pixel',
  hint: 'No pixel may move further than this; of 256 levels of grey.',
  math: 'ε, L∞',
  min: 1,
  max: 64,
  step: 1,
  initial,
  unit: 'grey levels',
});

const l2: SliderSpec = {
  setting: 'epsilon',
  label: 'Largest change in all',
  hint: 'The change of all pixels together, as a length: 1 is one colour of one pixel from black to full.',
  math: 'ε, L2',
  min: 0.25,
  max: 12,
  step: 0.25,
  initial: 2,
  unit: 'plain',
};

const maxSteps = (initial: number, max = 500): SliderSpec => ({
  setting: 'maxSteps',
  label: 'Give up after',
  hint: 'So many steps in a trial.',
  math: 'steps',
  min: 5,
  max,
  step: 5,
  initial,
  unit: 'plain',
});

const WORDS: Readonly<Record<AttackName, Omit<LabAttack, 'name'>>> = {
  'i-fgsm': {
    title: 'I-FGSM',
    source: 'Kurakin et al. 2017, arXiv:1607.02533',
    words:
      'Asks the network, for every pixel, whether brighter or darker brings the two faces closer, moves all pixels a little that way, and repeats until the network gives in.',
    math: 'x ← clip(x − α · sign ∇f(x))',
    sliders: [stepSize(0.5), maxSteps(200)],
  },
  'mi-fgsm': {
    title: 'MI-FGSM',
    source: 'Dong et al. 2018, arXiv:1710.06081',
    words: 'The same, but with momentum: it keeps going where it went before, so that bumps do not stop it.',
    math: 'v ← μ v + ∇f/‖∇f‖₁,  x ← clip(x − α · sign v)',
    sliders: [stepSize(0.5), maxSteps(200)],
  },
  bim: {
    title: 'BIM',
    source: 'Kurakin et al. 2017, arXiv:1607.02533',
    words:
      'Small steps that may never take a pixel further than a limit, and a search for the smallest limit that suffices. That takes many trials: choose full speed.',
    math: 'x ← P_ε(x − α · sign ∇f(x)), smallest ε',
    sliders: [stepSize(0.5), maxSteps(100, 200)],
  },
  'pgd-linf': {
    title: 'PGD L∞',
    source: 'Madry et al. 2018, arXiv:1706.06083',
    words: 'Starts from a random point near the picture, and takes steps within a limit on every pixel.',
    math: 'x ← P_ε(x − α · sign ∇f(x)), ‖x − x₀‖∞ ≤ ε',
    sliders: [linf(8), stepShare, maxSteps(100)],
  },
  'pgd-l2': {
    title: 'PGD L2',
    source: 'Madry et al. 2018, arXiv:1706.06083',
    words:
      'Starts from a random point near the picture, and takes steps within a limit on the change in all.',
    math: 'x ← P_ε(x − α · ∇f/‖∇f‖₂), ‖x − x₀‖₂ ≤ ε',
    sliders: [l2, stepShare, maxSteps(100)],
  },
  cw: {
    title: 'C&W L2',
    source: 'Carlini and Wagner 2017, arXiv:1608.04644',
    words:
      'Looks for the smallest change that works, by weighing the size of the change against success, again and again. That takes many steps: choose full speed.',
    math: 'min ‖δ‖₂² + c · max(d − limit, 0), in tanh space by Adam',
    sliders: [
      {
        setting: 'learningRate',
        label: 'Learning rate',
        hint: 'How boldly it moves. Too bold, and it overshoots the smallest change.',
        math: 'of Adam',
        min: 0.001,
        max: 0.03,
        step: 0.001,
        initial: 0.005,
        unit: 'plain',
      },
      {
        setting: 'searchSteps',
        label: 'Trials',
        hint: 'How often it weighs size against success anew.',
        math: 'c',
        min: 1,
        max: 9,
        step: 1,
        initial: 4,
        unit: 'plain',
      },
      maxSteps(100),
    ],
  },
  'apgd-linf': {
    title: 'APGD L∞',
    source: 'Croce and Hein 2020, arXiv:2003.01690',
    words:
      'Sets its own step: long at first, shorter where it makes no progress. Within a limit on every pixel.',
    math: 'APGD, ‖x − x₀‖∞ ≤ ε',
    sliders: [linf(8), maxSteps(100)],
  },
  'apgd-l2': {
    title: 'APGD L2',
    source: 'Croce and Hein 2020, arXiv:2003.01690',
    words:
      'Sets its own step: long at first, shorter where it makes no progress. Within a limit on the change in all.',
    math: 'APGD, ‖x − x₀‖₂ ≤ ε',
    sliders: [l2, maxSteps(100)],
  },
};

const ORDER: readonly AttackName[] = [
  'i-fgsm',
  'mi-fgsm',
  'bim',
  'pgd-linf',
  'pgd-l2',
  'cw',
  'apgd-linf',
  'apgd-l2',
];

/** In the order in which they are offered. */
export const LAB_ATTACKS: readonly LabAttack[] = ORDER.map(labAttack);

/** The attack of a name. */
export function labAttack(name: AttackName): LabAttack {
  return { name, ...WORDS[name] };
}

/** Numbers of an attack's sliders, by setting. */
export type SliderValues = Readonly<Record<string, number>>;

export function initialValues(name: AttackName): SliderValues {
  return Object.fromEntries(WORDS[name].sliders.map(({ setting, initial }) => [setting, initial]));
}

/** What the attack is given for these sliders. */
export function settingsOf(name: AttackName, values: SliderValues): GivenSettings {
  return Object.fromEntries(
    WORDS[name].sliders.map(({ setting, initial, unit }) => {
      const value = values[setting] ?? initial;
      return [setting, unit === 'grey levels' ? value / 255 : value];
    }),
  );
}

/** A slider's number with its unit. */
export function sliderText({ unit, setting }: SliderSpec, value: number): string {
  if (unit === 'grey levels') return value === 1 ? '1 grey level' : `${value} grey levels`;
  if (setting === 'maxSteps') return `${value} steps`;
  return String(value);
}
