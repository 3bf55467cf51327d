/** The lab's starting attack on every shipped defence, recorded for browsers without WebGPU. Runs in Node. */
import { drawFace } from '../../data/synthetic/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { NetworkManifest } from '../../models/network-manifest.ts';
import { openNetwork } from '../../models/open-network.ts';
import { initialValues, settingsOf } from './attacks.ts';
import { Defence } from './defence.ts';
import { defenceName } from './defence-words.ts';
import { type DrawnFace, FIRST_PERSON, faceLabel, SEED } from './faces.ts';
import { Pace } from './pace.ts';
import { unit } from './perturbation.ts';
import { type LabRecord, RECORD_SCHEMA, type RunRecord, runRecord } from './record.ts';
import { runLabAttack } from './run.ts';
import { ATTACK_SEED } from './seed.ts';

const ATTACK = 'i-fgsm';

/**
 * Attacks each network of the manifest with the page's first settings.
 *
 * @param read the bytes of a file beside the manifest
 */
export async function recordDefences(
  engine: Engine,
  { networks, matching, inputSize }: NetworkManifest,
  read: (file: string) => Promise<Uint8Array>,
  pair: { readonly source: DrawnFace; readonly target: DrawnFace },
): Promise<LabRecord> {
  const draw = ({ person, shot }: DrawnFace) =>
    drawFace({ seed: SEED, identity: FIRST_PERSON + person, shot, size: inputSize });
  const [source, target] = [draw(pair.source), draw(pair.target)];
  const runs: RunRecord[] = [];
  for (const { defence: name, file, members, threshold } of networks) {
    const network = openNetwork([{ label: file, bytes: await read(file) }]);
    const defence = new Defence(engine, network, matching);
    const images = { source: unit(source), target: unit(target) };
    const before = defence.similarities(
      await defence.features(images.source),
      await defence.features(images.target),
    );
    const outcome = await runLabAttack(
      engine,
      defence,
      {
        ...images,
        attack: ATTACK,
        settings: settingsOf(ATTACK, initialValues(ATTACK)),
        threshold,
        seed: ATTACK_SEED,
      },
      { pace: new Pace(), signal: new AbortController().signal, onFrame: () => {} },
    );
    await defence.free();
    const about = { name: defenceName(name), members, matching, threshold, inputSize: network.inputSize };
    const parts = { defence: about, attack: ATTACK, seed: ATTACK_SEED, before, outcome, source, target };
    runs.push(runRecord(parts));
  }
  const labels = { source: faceLabel(pair.source), target: faceLabel(pair.target) };
  return { schema: RECORD_SCHEMA, version: 1, adapter: engine.name, pair: labels, runs };
}
