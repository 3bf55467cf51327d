/** A decoding thread: slices in, pixels out. `node-decode-workers.ts` starts it. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../data/errors.ts';
import { SliceFiller } from '../data/loader/slice.ts';
import type { DecodeReply, DecodeRequest, DecodeWorkerData } from './node-decode-protocol.ts';
import { decodeImage } from './node-images.ts';

if (!parentPort) throw new Error('decode-worker: is started as a thread, not as a program');
const port = parentPort;
const filler = new SliceFiller(workerData as DecodeWorkerData, decodeImage);

// Two slices are here at a time: pictures of one are decoded, in sharp's threads, while those of the other are augmented.
port.on('message', async ({ id, slice }: DecodeRequest) => {
  try {
    const result = await filler.fill(slice);
    port.postMessage({ id, result } satisfies DecodeReply, [result.out.buffer]);
  } catch (thrown) {
    port.postMessage({ id, failed: messageOf(thrown) } satisfies DecodeReply);
  }
});
