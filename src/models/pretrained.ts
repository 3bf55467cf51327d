/**
 * MobileFaceNet's weights, in and out, as safetensors: under own names, or under the PyTorch-style names of published
 * networks (weight-names.ts has the table). A file may say in its metadata which network it holds (`network`, its options,
 * and `preprocessing`, both JSON); files of ours always do, and where published ones do not, their naming tells.
 */
import { readCheckpointConfig } from './checkpoint.ts';
import { fromOIHW, toOIHW } from './layout.ts';
import { type ExpectedTensor, matchTensors } from './match-tensors.ts';
import { completeOptions, type MobileFaceNetOptions } from './mobilefacenet.ts';
import { type LayerTensor, networkTensors } from './mobilefacenet-tensors.ts';
import { parseNetworkOptions, parsePreprocessing } from './network-options.ts';
import { PREPROCESSINGS, type Preprocessing } from './preprocessing.ts';
import { readSafetensors, SafetensorsError, type SafetensorsFile, writeSafetensors } from './safetensors.ts';
import {
  PUBLISHED,
  type PublishedNetwork,
  type PyTorchNaming,
  pyTorchName,
  pyTorchShape,
  recogniseNaming,
} from './weight-names.ts';

/** A network's values and all that it takes to compute with them. `new MobileFaceNet(options, values)` builds it. */
export interface NetworkWeights {
  readonly options: Required<MobileFaceNetOptions>;
  /** Parameters and running statistics by path, in the engine's layouts. */
  readonly values: ReadonlyMap<string, Float32Array>;
  readonly preprocessing: Preprocessing;
}

/** Names of tensors in a file: our own, or others'. */
export type Naming = 'facet' | PyTorchNaming;

const FORMAT = 'facet.network';
const VERSION = '1';
const CHECKPOINT = 'facet.checkpoint';

/**
 * Reads a network from a safetensors file of any kind that facet knows: a training's checkpoint or snapshot, a file that
 * `writeWeights` made, or published weights. `label` is for messages, usually the file's name.
 * Throws a SafetensorsError that lists every tensor that is missing, extra or of another shape or type, or says that the
 * file holds no network.
 */
export function readWeights(bytes: Uint8Array, label = 'weights'): NetworkWeights {
  const file = readSafetensors(bytes, label);
  const format = file.metadata.get('format');
  if (format === CHECKPOINT) return readCheckpointWeights(bytes, file, label);
  if (format === FORMAT) return readOwnWeights(file, label);
  const naming = recogniseNaming(file.tensors);
  if (naming) return readPyTorchWeights(file, naming, label);
  const names = [...file.tensors.keys()];
  throw new SafetensorsError(
    `${label}: is a safetensors file of ${names.length} tensors (${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}), but of no network that facet knows; ` +
      'expected a checkpoint of facet, weights that it wrote, or MobileFaceNet under the names of y1 or foamliu',
  );
}

function readOwnWeights(file: SafetensorsFile, label: string): NetworkWeights {
  const version = file.metadata.get('version');
  if (version !== VERSION) {
    throw new SafetensorsError(
      `${label}: expected ${FORMAT}, version ${VERSION}, got version ${version ?? 'none'}; another version needs that version's facet`,
    );
  }
  const options = statedOptions(file, label);
  if (!options)
    throw new SafetensorsError(`${label}: its metadata lacks network, the options of the network`);
  const tensors = tensorsOf(options, label);
  const values = matchTensors(tensors.map(ownTensor), file, { label });
  return { options, values, preprocessing: statedPreprocessing(file, label) ?? PREPROCESSINGS['128'] };
}

/** The network of a checkpoint, without the rest of it (classifier, optimiser). */
function readCheckpointWeights(bytes: Uint8Array, file: SafetensorsFile, label: string): NetworkWeights {
  const config = readCheckpointConfig(bytes, label) as { readonly network?: unknown } | null;
  if (config?.network === undefined) {
    throw new SafetensorsError(
      `${label}: the checkpoint does not say which network it holds (network, in its config); train it with this facet`,
    );
  }
  const options = parseNetworkOptions(config.network, label);
  const setOf = ({ statistic }: LayerTensor) => (statistic ? `${options.name}.statistics` : options.name);
  const tensors = tensorsOf(options, label);
  const named = new Map(tensors.map((tensor) => [tensor.path, `${setOf(tensor)}/${tensor.path}`]));
  const sets = new Set([options.name, `${options.name}.statistics`]);
  const matched = matchTensors(
    tensors.map(({ path, shape }) => ({ name: named.get(path)!, shape })),
    file,
    { label, ignore: (name) => !sets.has(name.slice(0, name.indexOf('/'))) },
  );
  const values = new Map([...named].map(([path, name]) => [path, matched.get(name)!]));
  return { options, values, preprocessing: PREPROCESSINGS['128'] };
}

function readPyTorchWeights(file: SafetensorsFile, naming: PyTorchNaming, label: string): NetworkWeights {
  const stated = statedOptions(file, label);
  const published: PublishedNetwork | undefined = stated ? undefined : PUBLISHED[naming];
  const options = stated ?? completeOptions(PUBLISHED[naming].options);
  const tensors = tensorsOf(options, label).map((tensor) => ({ tensor, name: pyTorchName(tensor, naming) }));
  const nameless = tensors.filter(({ name }) => name === undefined).map(({ tensor }) => tensor.path);
  if (nameless.length > 0 || options.members !== 1) {
    throw new SafetensorsError(
      `${label}: its metadata describes a network that the names of ${naming} cannot hold: ${nameless.length > 0 ? nameless.join(', ') : `${options.members} members`}`,
    );
  }
  const expected = tensors.map(
    ({ tensor, name }): ExpectedTensor => ({ name: name!, shape: pyTorchShape(tensor) }),
  );
  // PyTorch counts batches beside the statistics; inference has no use for it.
  const ignore = (name: string) => name.endsWith('.num_batches_tracked');
  const matched = matchTensors(expected, file, { label, ignore });
  const values = new Map(
    tensors.map(({ tensor, name }) => {
      const value = matched.get(name!)!;
      return [tensor.path, tensor.part === 'weight' ? fromOIHW(value, pyTorchShape(tensor)) : value];
    }),
  );
  if (published?.embeddingGammaIsOne) values.get('embedding.norm.gamma')!.fill(1);
  const preprocessing = statedPreprocessing(file, label) ?? published?.preprocessing ?? PREPROCESSINGS['128'];
  return { options, values, preprocessing };
}

/**
 * The bytes of a file that `readWeights` reads back: the same weights give the same bytes. PyTorch-style names hold one
 * network, so an ensemble goes out member by member (`memberWeights`). `half` writes F16, half the size.
 * Throws a SafetensorsError for values that are missing or that the naming has no name for.
 */
export function writeWeights(
  weights: NetworkWeights,
  naming: Naming = 'facet',
  { half = false }: { readonly half?: boolean } = {},
): Uint8Array {
  const { options, values, preprocessing } = weights;
  if (naming !== 'facet' && options.members !== 1) {
    throw new SafetensorsError(
      `writeWeights: the names of ${naming} hold one network, got ${options.members} members; write each by itself (memberWeights)`,
    );
  }
  const tensors = networkTensors(options).map((tensor) => {
    const data = values.get(tensor.path);
    const name = naming === 'facet' ? tensor.path : pyTorchName(tensor, naming);
    if (!data || name === undefined) {
      throw new SafetensorsError(
        data
          ? `writeWeights: ${naming} has no name for ${tensor.path}; write it under own names (facet)`
          : `writeWeights: no values for ${tensor.path}`,
        tensor.path,
      );
    }
    if (naming === 'facet') return { name, shape: tensor.shape, data, half };
    const shape = pyTorchShape(tensor);
    return { name, shape, data: tensor.part === 'weight' ? toOIHW(data, shape) : data, half };
  });
  const metadata = {
    // `pt` is what PyTorch's loaders look for.
    ...(naming === 'facet' ? { format: FORMAT, version: VERSION } : { format: 'pt' }),
    network: JSON.stringify(options),
    preprocessing: JSON.stringify(preprocessing),
  };
  return writeSafetensors(tensors, { metadata });
}

/** One member of an ensemble as a network of its own. Throws a RangeError where there is no such member. */
export function memberWeights(weights: NetworkWeights, member: number): NetworkWeights {
  const { members } = weights.options;
  if (!Number.isInteger(member) || member < 0 || member >= members) {
    throw new RangeError(`memberWeights: no member ${member}; there are members 0 to ${members - 1}`);
  }
  const values = new Map(
    [...weights.values].map(([path, all]) => {
      const length = all.length / members;
      return [path, all.slice(member * length, (member + 1) * length)];
    }),
  );
  return { ...weights, options: { ...weights.options, members: 1 }, values };
}

/**
 * Networks of one structure as an ensemble: their members, one behind the other, so that one dispatch serves all.
 * Undefined where they differ in anything but their values.
 */
export function joinWeights(networks: readonly NetworkWeights[]): NetworkWeights | undefined {
  const [first, ...others] = networks;
  if (!first) return undefined;
  const structure = ({ options, preprocessing }: NetworkWeights): string => {
    const { name: _name, members: _members, seed: _seed, inputSize, ...rest } = options;
    const sides = typeof inputSize === 'number' ? [inputSize, inputSize] : inputSize;
    return JSON.stringify([sides, Object.entries(rest).sort(), preprocessing]);
  };
  if (others.some((other) => structure(other) !== structure(first))) return undefined;
  const members = networks.reduce((sum, { options }) => sum + options.members, 0);
  const values = new Map(
    [...first.values.keys()].map((path) => {
      const parts = networks.map((network) => network.values.get(path)!);
      const joined = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of parts) {
        joined.set(part, at);
        at += part.length;
      }
      return [path, joined];
    }),
  );
  return { ...first, options: { ...first.options, members }, values };
}

function statedOptions(file: SafetensorsFile, label: string): Required<MobileFaceNetOptions> | undefined {
  const text = file.metadata.get('network');
  return text === undefined ? undefined : parseNetworkOptions(parseJson(text, 'network', label), label);
}

function statedPreprocessing(file: SafetensorsFile, label: string): Preprocessing | undefined {
  const text = file.metadata.get('preprocessing');
  return text === undefined ? undefined : parsePreprocessing(parseJson(text, 'preprocessing', label), label);
}

function parseJson(text: string, key: string, label: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SafetensorsError(`${label}: the metadata's ${key} is not JSON: ${String(cause)}`, undefined, {
      cause,
    });
  }
}

/** The tensors of the network that a file describes. */
function tensorsOf(options: Required<MobileFaceNetOptions>, label: string): LayerTensor[] {
  try {
    return networkTensors(options);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new SafetensorsError(`${label}: describes a network that cannot be: ${cause.message}`, undefined, {
      cause,
    });
  }
}

function ownTensor({ path, shape }: LayerTensor): ExpectedTensor {
  return { name: path, shape };
}
