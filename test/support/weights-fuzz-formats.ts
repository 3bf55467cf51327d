/** Files of networks that are fuzzed: rows for the table in data-fuzz-formats.ts. */
import { full } from '../../src/engine/index.ts';
import { completeOptions, type MobileFaceNetOptions } from '../../src/models/mobilefacenet.ts';
import { networkTensors } from '../../src/models/mobilefacenet-tensors.ts';
import { OnnxError } from '../../src/models/onnx/error.ts';
import { importOnnx } from '../../src/models/onnx/import.ts';
import { PREPROCESSINGS } from '../../src/models/preprocessing.ts';
import { type Naming, readWeights, writeWeights } from '../../src/models/pretrained.ts';
import { SafetensorsError } from '../../src/models/safetensors.ts';
import type { FuzzFormat } from './data-fuzz.ts';
import { sampleGraph } from './onnx-graph.ts';

const MIB = 2 ** 20;

/** The smallest network there is. */
function smallWeights(options: Partial<MobileFaceNetOptions>, naming: Naming): Uint8Array {
  const complete = completeOptions({ inputSize: 16, widthMultiplier: 0.01, embeddingSize: 1, ...options });
  const values = new Map(
    networkTensors(complete).map(({ path, shape }) => [
      path,
      new Float32Array(shape.reduce((product, extent) => product * extent, 1)).fill(1),
    ]),
  );
  return writeWeights({ options: complete, values, preprocessing: PREPROCESSINGS['128'] }, naming);
}

export const WEIGHTS_FUZZ_FORMATS: readonly FuzzFormat[] = [
  {
    name: 'onnx',
    count: 100_000,
    testCount: 2000,
    seeds: () => [sampleGraph(), sampleGraph({ opset: 10, initializersAsInputs: true })],
    read: (input) => {
      const network = importOnnx(input);
      const [height, width] = network.inputSize;
      // What is imported can be traced for any batch.
      const { shape } = network.embed(full([1, 2, height, width, 3], 0.5));
      if (shape.join() !== [1, 2, network.embeddingSize].join()) throw new Error(`features are [${shape}]`);
    },
    expects: (error) => error instanceof OnnxError,
    // What a graph folds to is bounded by itself.
    memory: (inputBytes) => 40 * MIB + 64 * inputBytes,
  },
  {
    name: 'weights',
    count: 20_000,
    testCount: 100,
    seeds: () => [
      smallWeights({ members: 2 }, 'facet'),
      smallWeights({ embeddingBias: true }, 'y1'),
      smallWeights({ embeddingBias: true, activation: 'relu6', separableStem: true }, 'foamliu'),
    ],
    read: (input) => {
      const { options, values } = readWeights(input);
      for (const { path, shape } of networkTensors(options)) {
        const size = shape.reduce((product, extent) => product * extent, 1);
        if (values.get(path)?.length !== size) throw new Error(`${path} is not [${shape}]`);
      }
    },
    expects: (error) => error instanceof SafetensorsError,
    memory: (inputBytes) => MIB + 32 * inputBytes,
  },
];
