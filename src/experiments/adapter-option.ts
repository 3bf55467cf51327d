/** The option that every computing command shares. */
import { Option } from 'commander';

/** `--adapter <choice>`, for openAdapter's `preference`; FACET_ADAPTER stands in where it is not given. */
export function adapterOption(description = 'what computes'): Option {
  const choices = 'auto, gpu, lavapipe, swiftshader or part of a name that facet devices lists';
  return new Option('--adapter <choice>', `${description}: ${choices}`).env('FACET_ADAPTER').default('auto');
}
