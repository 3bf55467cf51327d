/** The few drawn faces that the demo trains on, the same on every visit. */
import { syntheticFaceSet } from '../../data/synthetic/index.ts';
import { FACE_SIZE, IMAGES, PEOPLE, SHOTS } from './settings.ts';

export interface DemoFaces {
  /** RGB bytes, [N, FACE_SIZE, FACE_SIZE, 3]; image n shows person ⌊n / SHOTS⌋. */
  readonly bytes: Uint8Array;
  /** The same, standardised as MobileFaceNet's inputs are: (x − 127.5)/128, [1, N, P]. */
  readonly pixels: Float32Array;
  /** i32 [N] */
  readonly labels: Int32Array;
}

/** The first picture of each person, of what `drawFaces` drew: [PEOPLE, FACE_SIZE, FACE_SIZE, 3]. */
export function portraits({ bytes }: DemoFaces): Uint8Array {
  const values = bytes.length / IMAGES;
  const first = new Uint8Array(PEOPLE * values);
  for (let person = 0; person < PEOPLE; person++) {
    const from = person * SHOTS * values;
    first.set(bytes.subarray(from, from + values), person * values);
  }
  return first;
}

/** Draws the faces of `seed`. */
export async function drawFaces(seed: number): Promise<DemoFaces> {
  const set = syntheticFaceSet({ seed, identities: PEOPLE, shotsPerIdentity: SHOTS });
  const values = FACE_SIZE * FACE_SIZE * 3;
  const bytes = new Uint8Array(IMAGES * values);
  for (let image = 0; image < IMAGES; image++) bytes.set(await set.read(image, FACE_SIZE), image * values);
  return { bytes, pixels: Float32Array.from(bytes, (x) => (x - 127.5) / 128), labels: set.labels };
}
