/** One face of the pair: its picture, and another drawn one in its place. */
import { Button } from '../shared/controls.tsx';
import { Picture } from '../shared/picture.tsx';
import { anotherPerson, type FaceChoice, faceLabel, SHOTS } from './faces.ts';

export interface FaceCardProps {
  readonly title: string;
  readonly words: string;
  readonly face: FaceChoice;
  /** The other face, so that nobody is to be taken for themselves. */
  readonly other: FaceChoice;
  /** As the network sees it. */
  readonly rgb: Uint8Array | undefined;
  /** [height, width] */
  readonly size: readonly [number, number];
  readonly disabled: boolean;
  readonly onFace: (face: FaceChoice) => void;
}

export function FaceCard({ title, words, face, other, rgb, size, disabled, onFace }: FaceCardProps) {
  const [height, width] = size;
  return (
    <section class="face-card" aria-label={title}>
      <h3>{title}</h3>
      <Picture rgb={rgb} width={width} height={height} alt={`${title}: ${faceLabel(face)}`} />
      <p class="hint">{words}</p>
      <div class="row">
        <Button disabled={disabled} onClick={() => onFace(anotherPerson(Math.random, face, other))}>
          Another person
        </Button>
        {face.kind === 'drawn' && (
          <Button disabled={disabled} onClick={() => onFace({ ...face, shot: (face.shot + 1) % SHOTS })}>
            Another picture
          </Button>
        )}
      </div>
    </section>
  );
}
