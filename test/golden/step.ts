/** mobilefacenet-step.json with types. mobilefacenet_step.py says what each value is. */
import data from './mobilefacenet-step.json' with { type: 'json' };

/** A tensor by its norm, its sum, its largest magnitude and some of its elements. */
export interface GoldenTensor {
  readonly norm: number;
  readonly sum: number;
  readonly largest: number;
  /** At `imageIndices` or `featureIndices` of the case. */
  readonly values: readonly number[];
  /** ‖float32 − float64‖ / ‖float64‖ in PyTorch. */
  readonly deviation: number;
}

export interface GoldenCase {
  readonly size: number;
  /** Flat into [batch, size, size, 3]. */
  readonly imageIndices: readonly number[];
  /** Flat into [batch, embedding]. */
  readonly featureIndices: readonly number[];
  readonly training: {
    readonly losses: readonly number[];
    /** |float32 − float64| of each loss in PyTorch. */
    readonly lossDeviations: readonly number[];
    readonly features: GoldenTensor;
    /** By path: 'blocks.3.depthwise.weight', '….gamma', '….beta', '….slope', 'classifier'. */
    readonly gradientNorms: Readonly<Record<string, number>>;
    readonly gradientNormDeviation: { readonly median: number; readonly largest: number };
    readonly imageGradient: GoldenTensor;
  };
  readonly attack: {
    readonly loss: number;
    readonly features: GoldenTensor;
    readonly imageGradient: GoldenTensor;
  };
}

export const goldenStepSettings = data.settings;
export const goldenCases: readonly GoldenCase[] = data.cases;

/** The case of one image size. */
export function goldenCase(size: number): GoldenCase {
  const found = goldenCases.find((entry) => entry.size === size);
  if (!found) {
    throw new Error(`no golden case of size ${size}; there are ${goldenCases.map((c) => c.size).join(', ')}`);
  }
  return found;
}
