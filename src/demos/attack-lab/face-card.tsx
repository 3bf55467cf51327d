/** One face of the pair: its picture, and ways to choose another. */
import { useState } from 'preact/hooks';
import { Button } from '../shared/controls.tsx';
import { FileDrop } from '../shared/file-drop.tsx';
import { ErrorMessage } from '../shared/messages.tsx';
import { Picture } from '../shared/picture.tsx';
import { Camera } from './camera.tsx';
import { Cropper } from './cropper.tsx';
import { anotherPerson, type FaceChoice, faceLabel, SHOTS } from './faces.ts';
import { openPicture, ownFace } from './own-picture.ts';

export interface FaceCardProps {
  readonly title: string;
  readonly words: string;
  readonly face: FaceChoice;
  /** The other face, so that nobody is to be taken for themselves. */
  readonly other: FaceChoice;
  /** As the network sees it. */
  readonly rgb: Uint8Array | undefined;
  readonly size: readonly [number, number];
  readonly disabled: boolean;
  readonly onFace: (face: FaceChoice) => void;
}

export function FaceCard({ title, words, face, other, rgb, size, disabled, onFace }: FaceCardProps) {
  const [problem, setProblem] = useState<string>();
  const [height, width] = size;
  const choose = (next: FaceChoice) => {
    setProblem(undefined);
    onFace(next);
  };
  const take = async (open: () => FaceChoice | Promise<FaceChoice>) => {
    try {
      choose(await open());
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <section class="face-card" aria-label={title}>
      <h3>{title}</h3>
      <Picture rgb={rgb} width={width} height={height} alt={`${title}: ${faceLabel(face)}`} />
      <p class="hint">{words}</p>
      <div class="row">
        <Button disabled={disabled} onClick={() => choose(anotherPerson(Math.random, face, other))}>
          Another person
        </Button>
        {face.kind === 'drawn' && (
          <Button disabled={disabled} onClick={() => choose({ ...face, shot: (face.shot + 1) % SHOTS })}>
            Another picture
          </Button>
        )}
      </div>
      <details>
        <summary>Your own picture</summary>
        <div class="own">
          <FileDrop
            label="Choose a picture"
            hint="or drop one here. It stays on this page."
            accept="image/*"
            disabled={disabled}
            onFiles={([file]) => file && take(() => openPicture(file))}
          />
          <Camera
            disabled={disabled}
            onPicture={(picture) => take(() => ownFace('from the camera', picture))}
            onProblem={setProblem}
          />
          {problem && (
            <ErrorMessage title="No picture" message={problem} onDismiss={() => setProblem(undefined)} />
          )}
          {face.kind === 'own' && (
            <Cropper
              picture={face.picture}
              crop={face.crop}
              disabled={disabled}
              onCrop={(crop) => onFace({ ...face, crop })}
            />
          )}
        </div>
      </details>
    </section>
  );
}
