/** Whether a file of weights holds what a network needs, told in one go. */
import { type SafetensorsDtype, SafetensorsError, type SafetensorsFile } from './safetensors.ts';

/** A tensor that a network needs. */
export interface ExpectedTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface MatchOptions {
  /** Names that may be there and are not needed, such as counters of batches. */
  readonly ignore?: (name: string) => boolean;
  /** For messages. */
  readonly label?: string;
}

const FLOATS: ReadonlySet<SafetensorsDtype> = new Set(['F32', 'F16', 'BF16']);

/**
 * The values of the expected tensors, f32, by name. Throws one SafetensorsError that lists every tensor that is
 * missing, extra, of another shape, or not of F32, F16 or BF16: whoever maps names sees all of it at once.
 */
export function matchTensors(
  expected: readonly ExpectedTensor[],
  file: SafetensorsFile,
  { ignore = () => false, label = 'weights' }: MatchOptions = {},
): Map<string, Float32Array> {
  const matched = new Map<string, Float32Array>();
  const missing: string[] = [];
  const misfits: string[] = [];
  const wanted = new Set<string>();
  for (const { name, shape } of expected) {
    wanted.add(name);
    const tensor = file.tensors.get(name);
    if (tensor === undefined) {
      missing.push(`${name} [${shape}]`);
      continue;
    }
    const problems: string[] = [];
    if (tensor.shape.length !== shape.length || tensor.shape.some((size, i) => size !== shape[i])) {
      problems.push(`expected [${shape}], got [${tensor.shape}]`);
    }
    if (!FLOATS.has(tensor.dtype)) problems.push(`expected F32, F16 or BF16, got ${tensor.dtype}`);
    if (problems.length > 0) misfits.push(`${name}: ${problems.join('; ')}`);
    else if (tensor.data instanceof Float32Array) matched.set(name, tensor.data);
  }
  const extra = [...file.tensors.values()]
    .filter(({ name }) => !wanted.has(name) && !ignore(name))
    .map(({ name, shape, dtype }) => `${name} ${dtype} [${shape}]`);

  if (missing.length + misfits.length + extra.length > 0) {
    const section = (title: string, lines: readonly string[]): string =>
      lines.length === 0
        ? ''
        : `\n  ${title} (${lines.length}):${lines.map((line) => `\n    ${line}`).join('')}`;
    throw new SafetensorsError(
      `${label}: the file does not hold the ${expected.length} tensors that are expected:` +
        `${section('missing', missing)}${section('of another shape or type', misfits)}${section('extra', extra)}`,
    );
  }
  return matched;
}
