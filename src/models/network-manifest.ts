/**
 * A folder of networks that were trained and measured together: one safetensors file for each defence, and manifest.json,
 * which says what is needed to show and to attack them. `facet export` writes it, the attack lab reads it.
 */
import * as z from 'zod';

export const MANIFEST_FILE = 'manifest.json';

const rate = z.number().min(0).max(1);

const entry = z.object({
  /** Name of the defence: 'diverse'. */
  defence: z.string().min(1),
  /** In a few plain words. */
  description: z.string(),
  /** Beside the manifest. */
  file: z
    .string()
    .regex(/^[\w.-]+\.safetensors$/, 'expected the name of a .safetensors file in the same folder'),
  bytes: z.int().positive(),
  members: z.int().positive(),
  epochs: z.number().min(0),
  /** Verification accuracy over folds. */
  accuracy: rate,
  /** A pair is accepted when its similarity, by `matching`, is greater. */
  threshold: z.number(),
  /** Median RMS of the smallest perturbations that fooled it, in pixels of [0, 1]; null where it was not attacked, or not half gave way. */
  medianRms: z.number().min(0).nullable(),
});

const manifestSchema = z.object({
  schema: z.literal('facet-networks'),
  version: z.literal(1),
  /** Repeats the training. */
  command: z.string().min(1),
  facetVersion: z.string().min(1),
  /** What they were trained on, and tested on. */
  trainedOn: z.string().min(1),
  testedOn: z.string().min(1),
  /** Side of the images in pixels. */
  inputSize: z.int().positive(),
  /** Of the thresholds: the false accept rate. */
  far: rate,
  matching: z.enum(['mean', 'min', 'concat']),
  /** The attack that `medianRms` is of. */
  attack: z.string().min(1).nullable(),
  networks: z.array(entry).min(1),
});

export type NetworkManifest = z.infer<typeof manifestSchema>;
export type NetworkManifestEntry = z.infer<typeof entry>;

/** Reads manifest.json. `label` is for messages. Throws an Error that says what is wrong with it. */
export function parseNetworkManifest(text: string, label = MANIFEST_FILE): NetworkManifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${label}: is not JSON (${(cause as Error).message}); write it again with facet export`, {
      cause,
    });
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'the file'}: ${message}`,
  );
  throw new Error(`${label}: is not a list of networks as facet export writes it: ${problems.join('; ')}`);
}
