/** Hands the lab's pictures and its record to the visitor. */
import { download, pngOf } from '../shared/download.ts';
import { toRgba } from '../shared/pixels.ts';
import { defenceName } from './defence-words.ts';
import { faceLabel } from './faces.ts';
import { amplified } from './perturbation.ts';
import { type LabRecord, RECORD_SCHEMA, runRecord } from './record.ts';
import { ATTACK_SEED } from './seed.ts';
import { type LabState, openSides, type SideState } from './state.ts';
import type { FacePixels } from './use-lab.ts';
import { shown } from './view.ts';
import type { Side } from './worker.ts';

type Pixels = Readonly<Record<Side, FacePixels | undefined>>;

/** A side's defence, in a few words. */
export function sideTitle({ choice }: SideState): string {
  if (choice.kind === 'shipped') return defenceName(choice.defence);
  return choice.files.map(({ name }) => name).join(' + ') || 'A file of your own';
}

/** Every picture on the page as PNGs in one zip. */
export async function savePictures(state: LabState, pixels: Pixels): Promise<void> {
  const { zipSync } = await import('fflate');
  const files: Record<string, Uint8Array> = {};
  for (const side of openSides(state)) {
    const own = state.sides[side]!;
    const faces = pixels[side];
    if (!faces) continue;
    const [height, width] = faces.size;
    const { image, source } = shown(own, faces.source);
    const name = sideTitle(own)
      .replace(/[^\w.-]+/g, '-')
      .toLowerCase();
    const put = async (what: string, rgb: Uint8Array | Float32Array | undefined) => {
      if (!rgb) return;
      const png = await pngOf(toRgba(rgb), width, height);
      files[`${side}-${name}-${what}.png`] = new Uint8Array(await png.arrayBuffer());
    };
    await put('source', faces.source);
    await put('target', faces.target);
    await put('changed', image);
    await put(
      `change-times-${state.amplification}`,
      image && source && amplified(image, source, state.amplification),
    );
  }
  const zip = zipSync(files, { level: 0 }); // PNGs are compressed already
  download('facet-attack-lab.zip', new Blob([Uint8Array.from(zip)], { type: 'application/zip' }));
}

/** Settings, results and exact pixels of the runs that are done. */
export function labRecord(state: LabState, pixels: Pixels, adapter: string): LabRecord {
  const { source, target } = state.faces;
  const runs = openSides(state).flatMap((side) => {
    const { network, threshold, rule, before, run, ...own } = state.sides[side]!;
    const faces = pixels[side];
    if (run.kind !== 'done' || !network || threshold === undefined || !before || !faces) return [];
    const { members, inputSize } = network;
    const name = sideTitle({ network, threshold, rule, before, run, ...own });
    return runRecord({
      defence: { name, members, matching: rule, threshold, inputSize },
      attack: state.attack,
      seed: ATTACK_SEED,
      before,
      outcome: run.outcome,
      source: faces.source,
      target: faces.target,
    });
  });
  const pair = { source: faceLabel(source), target: faceLabel(target) };
  return { schema: RECORD_SCHEMA, version: 1, adapter, pair, runs };
}

export function saveRecord(record: LabRecord): void {
  const text = `${JSON.stringify(record, null, 2)}\n`;
  download('facet-attack-lab.json', new Blob([text], { type: 'application/json' }));
}
