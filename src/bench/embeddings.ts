/**
 * Embedding faces with trained weights, as verification does: what `facet verify` spends its time on.
 *
 * M members, N images of S×S pixels.
 */
import { input } from '../engine/index.ts';
import { foldedNetwork } from '../models/folded-network.ts';
import { MobileFaceNet } from '../models/mobilefacenet.ts';
import { PREPROCESSINGS } from '../models/preprocessing.ts';
import { type CaseFamily, caseName, workload } from './case.ts';
import { forwardFlops } from './steps.ts';
import { uniformValues } from './values.ts';

const BATCH = 8;

/** `embed/b8/S`: features of one batch, BatchNorm folded. Images are uploaded with every run. */
function embedding(size: number): CaseFamily {
  return (members) => ({
    name: caseName(`embed/b${BATCH}/${size}`, members),
    members,
    description: `MobileFaceNet, ${members} of [${BATCH}, ${size}, ${size}, 3]: features for verification`,
    work: { unit: 'flop', amount: members * forwardFlops(size) },
    prepare: () => {
      const { options, parameters, statistics } = new MobileFaceNet({ inputSize: size, members });
      const values = new Map(
        [parameters, statistics].flatMap((set) => [...set.unflatten(set.flat.initial as Float32Array)]),
      );
      const network = foldedNetwork({ options, values, preprocessing: PREPROCESSINGS['128'] });
      return workload(
        {
          name: `embed ${size}`,
          inputs: { pixels: input([1, BATCH, size, size, 3]) },
          trace: ({ pixels }) => ({ outputs: { features: network.embed(pixels) } }),
        },
        { pixels: uniformValues('pixels', BATCH * size * size * 3) },
        network.parameters.map((set) => set.flat),
      );
    },
  });
}

export const embeddingCases: readonly CaseFamily[] = [embedding(56), embedding(112)];
