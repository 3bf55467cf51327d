/** What a file says of the MobileFaceNet in it: untrusted JSON to checked options. */
import { completeOptions, type MobileFaceNetOptions } from './mobilefacenet.ts';
import type { Preprocessing } from './preprocessing.ts';
import { SafetensorsError } from './safetensors.ts';

type Check = readonly [expected: string, fits: (value: unknown) => boolean];

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 1;
const boolean: Check = ['true or false', (value) => typeof value === 'boolean'];
const epsilon: Check = ['a positive number', (value) => isNumber(value) && value > 0];

const OPTIONS: { readonly [Key in keyof Required<MobileFaceNetOptions>]: Check } = {
  name: ['a text', (value) => typeof value === 'string' && value !== '' && !value.includes('/')],
  members: ['a whole number of at least 1', isCount],
  inputSize: [
    'a whole number of pixels, or [height, width]',
    (value) => isCount(value) || (Array.isArray(value) && value.length === 2 && value.every(isCount)),
  ],
  widthMultiplier: ['a positive number', (value) => isNumber(value) && value > 0],
  embeddingSize: ['a whole number of at least 1', isCount],
  activation: ['prelu, relu or relu6', (value) => ['prelu', 'relu', 'relu6'].some((name) => name === value)],
  normEpsilon: epsilon,
  embeddingNormEpsilon: epsilon,
  embeddingBias: boolean,
  separableStem: boolean,
  seed: ['a number', isNumber],
};

/**
 * Options from JSON, defaults filled in. Throws a SafetensorsError that names the option for anything missing, wrong or
 * unknown: an option of a newer facet may change what the network computes.
 */
export function parseNetworkOptions(value: unknown, label: string): Required<MobileFaceNetOptions> {
  if (!isRecord(value) || value.inputSize === undefined) {
    throw new SafetensorsError(
      `${label}: expected the options of a MobileFaceNet with an inputSize, got ${JSON.stringify(value)}`,
    );
  }
  for (const [name, option] of Object.entries(value)) {
    if (!Object.hasOwn(OPTIONS, name)) {
      throw new SafetensorsError(
        `${label}: the network has an option ${name} that this facet does not know; was it written by a newer one?`,
      );
    }
    const [expected, fits] = OPTIONS[name as keyof MobileFaceNetOptions];
    if (!fits(option)) {
      throw new SafetensorsError(
        `${label}: the network's ${name} must be ${expected}, got ${JSON.stringify(option)}`,
      );
    }
  }
  // Every key was checked against its type above.
  return completeOptions(value as unknown as MobileFaceNetOptions);
}

/** Preprocessing from JSON. Throws a SafetensorsError where it is not `{ mean, scale, order? }`. */
export function parsePreprocessing(value: unknown, label: string): Preprocessing {
  const isTriple = (list: unknown): list is [number, number, number] =>
    Array.isArray(list) && list.length === 3 && list.every(isNumber);
  if (!isRecord(value) || !isTriple(value.mean) || !isTriple(value.scale)) {
    throw new SafetensorsError(
      `${label}: preprocessing must have a mean and a scale of three numbers each, got ${JSON.stringify(value)}`,
    );
  }
  const { mean, scale, order = 'rgb' } = value;
  if (order !== 'rgb' && order !== 'bgr') {
    throw new SafetensorsError(
      `${label}: the order of channels must be rgb or bgr, got ${JSON.stringify(order)}`,
    );
  }
  return { mean, scale, order };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
