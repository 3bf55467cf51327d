/** A MobileFaceNet written as exporters write it: NCHW, BatchNorm by itself, pixels standardised before the graph. */
import { toOIHW } from '../../src/models/layout.ts';
import { mobileFaceNetBlocks } from '../../src/models/mobilefacenet-table.ts';
import { networkTensors } from '../../src/models/mobilefacenet-tensors.ts';
import type { NetworkWeights } from '../../src/models/pretrained.ts';
import { GraphBuilder, seeded } from './onnx-graph.ts';

/** Values for every tensor of a network, none of them trivial: statistics too, variances and gammas positive. */
export function seededValues(options: NetworkWeights['options'], seed = 1): Map<string, Float32Array> {
  return new Map(
    networkTensors(options).map(({ path, part, shape, layer }, i) => {
      const count = shape.reduce((product, extent) => product * extent, 1);
      const fan = part === 'weight' ? (count / layer.outputs / options.members) ** -0.5 : 0.5;
      const [low, high] =
        part === 'norm.gamma' || part === 'norm.variance' ? [0.5, 2] : [-1.7 * fan, 1.7 * fan];
      return [path, seeded(count, seed * 1000 + i, low, high)];
    }),
  );
}

/** The network of one member as ONNX bytes. */
export function mobileFaceNetOnnx({ options, values }: NetworkWeights): Uint8Array {
  const size =
    typeof options.inputSize === 'number' ? [options.inputSize, options.inputSize] : options.inputSize;
  const g = new GraphBuilder();
  let x = 'x';
  for (const { layers, residual } of mobileFaceNetBlocks(options)) {
    let y = x;
    for (const layer of layers) {
      const read = (part: string) => values.get(`${layer.path}.${part}`)!;
      const shape = [layer.outputs, layer.kind === 'conv' ? layer.inputs : 1, ...layer.kernel];
      const weight = g.weight(shape, toOIHW(read('weight'), shape));
      y = g.add('Conv', [y, weight], {
        strides: [layer.stride, layer.stride],
        pads: [layer.padding, layer.padding, layer.padding, layer.padding],
        group: layer.kind === 'conv' ? 1 : layer.outputs,
      });
      const channels = [layer.outputs];
      const norm = ['gamma', 'beta', 'mean', 'variance'].map((part) =>
        g.weight(channels, read(`norm.${part}`)),
      );
      const path = layer.path === 'embedding' ? 'embeddingNormEpsilon' : 'normEpsilon';
      y = g.add('BatchNormalization', [y, ...norm], { epsilon: { float: options[path] } });
      if (!layer.linear) y = g.add('PRelu', [y, g.weight([layer.outputs, 1, 1], read('slope'))]);
    }
    x = residual ? g.add('Add', [x, y]) : y;
  }
  return g.build(g.add('Flatten', [x]), { image: [3, ...size] });
}
