/** A slice of a batch: a few pictures on their way from files to normalised pixels. Runs in any thread. */
import { Augmenter, type AugmenterOptions } from '../augment/augmenter.ts';
import { DataError, ImageError } from '../errors.ts';
import type { ImageDecoder } from '../host.ts';
import { type Normalisation, normalisationTable, normaliseFace } from '../normalise.ts';

/** What all slices of a source share; plain data, so that it can be sent to a thread. */
export interface SliceConfig extends AugmenterOptions {
  readonly normalisation: Normalisation;
}

/** Plain data too. Its arrays belong to whoever runs it until that is done, and may be moved to another thread. */
export interface Slice {
  readonly epoch: number;
  /** [n]: which images of the set they are; augmentation is drawn by them. */
  readonly images: Uint32Array;
  /** [n]: which of an image's appearances in the epoch. */
  readonly visits: Uint32Array;
  /** Whether `bytes` are image files; else RGB bytes, size × size × 3 each. */
  readonly encoded: boolean;
  /** The pictures, one after another. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** [n]: where each picture ends in `bytes`. */
  readonly ends: Uint32Array;
  /** f32, room for [n, size, size, 3] at least. */
  readonly out: Float32Array<ArrayBuffer>;
}

/** A picture of a slice that could not be decoded. */
export interface Damaged {
  /** Place in the slice. */
  readonly place: number;
  readonly reason: string;
}

export interface SliceResult {
  /** The slice's `out`, filled but for damaged pictures. */
  readonly out: Float32Array<ArrayBuffer>;
  readonly damaged: readonly Damaged[];
}

/** Pictures of a slice that are being decoded while one is augmented: decoders have threads of their own. */
const AHEAD = 4;

/** Decodes, augments and normalises. */
export class SliceFiller {
  readonly #size: number;
  readonly #augmenter: Augmenter;
  readonly #table: Float32Array;
  readonly #decode: ImageDecoder | undefined;

  /** `decode` is needed for slices of encoded pictures. */
  constructor(config: SliceConfig, decode?: ImageDecoder) {
    this.#size = config.size;
    this.#augmenter = new Augmenter(config);
    this.#table = normalisationTable(config.normalisation);
    this.#decode = decode;
  }

  /** Fills `slice.out`. Rejects with what decoding throws beside ImageErrors. */
  async fill(slice: Slice): Promise<SliceResult> {
    const { epoch, images, visits, out } = slice;
    const stride = this.#size ** 2 * 3;
    const damaged: Damaged[] = [];
    const decoding: Promise<Uint8Array | ImageError>[] = [];
    for (let place = 0; place < images.length; place++) {
      while (decoding.length < Math.min(place + AHEAD, images.length)) {
        decoding.push(this.#pixels(slice, decoding.length));
      }
      const pixels = await decoding[place]!;
      if (pixels instanceof ImageError) {
        damaged.push({ place, reason: pixels.message });
        continue;
      }
      if (pixels.length !== stride) {
        throw new DataError(
          `image ${images[place]} has ${pixels.length} bytes of pixels; expected ${stride}`,
        );
      }
      const key = { epoch, image: images[place]!, visit: visits[place]! };
      const face = this.#augmenter.apply(pixels, key);
      const mirrored = this.#augmenter.isFlipped(key);
      normaliseFace(face, 0, this.#size, this.#table, mirrored, out, place * stride);
    }
    return { out, damaged };
  }

  /** A picture's pixels, or why it has none. */
  #pixels({ bytes, ends, encoded }: Slice, place: number): Promise<Uint8Array | ImageError> {
    const own = bytes.subarray(place === 0 ? 0 : ends[place - 1]!, ends[place]!);
    const pixels = encoded ? this.#decoded(own) : Promise.resolve(own);
    const settled = pixels.catch((thrown: unknown) => {
      if (thrown instanceof ImageError) return thrown;
      throw thrown;
    });
    // Awaited in its turn; until then a failure must not count as unhandled.
    settled.catch(() => {});
    return settled;
  }

  async #decoded(bytes: Uint8Array): Promise<Uint8Array> {
    if (!this.#decode) throw new TypeError('a slice of encoded pictures needs a decoder');
    return this.#decode(bytes, this.#size);
  }
}
