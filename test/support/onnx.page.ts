/** Runs in the page: a graph imported and embedded there. */
import { Engine, input } from '../../src/engine/index.ts';
import { openNetwork } from '../../src/models/open-network.ts';
import { openAdapter } from '../../src/platform/browser.ts';

/** Features of pixels in [0, 1], of a file whose bytes came as base64. */
export async function embedInPage(base64: string, pixels: readonly number[]): Promise<number[]> {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const network = openNetwork([{ label: 'page.onnx', bytes }], { preprocessing: 'unit' });
  const [height, width] = network.inputSize;
  const { adapter } = await openAdapter();
  const engine = await Engine.open(adapter);
  try {
    const program = await engine.compile({
      name: 'embed',
      inputs: { pixels: input([1, pixels.length / (height * width * 3), height, width, 3]) },
      trace: (inputs) => ({ outputs: { features: network.embed(inputs.pixels) } }),
    });
    const { features } = await program.run({ pixels }).read();
    return Array.from(features);
  } finally {
    engine.close();
  }
}
