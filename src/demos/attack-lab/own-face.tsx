/** The visitor's own picture for one side of the pair: from a file or the camera, with the square to place on it. */
import { useState } from 'preact/hooks';
import { FileDrop } from '../shared/file-drop.tsx';
import { ErrorMessage } from '../shared/messages.tsx';
import { Camera } from './camera.tsx';
import { Cropper } from './cropper.tsx';
import type { FaceChoice } from './faces.ts';
import { openPicture, ownFace } from './own-picture.ts';

export interface OwnFaceProps {
  /** Attacker or target. */
  readonly part: string;
  readonly face: FaceChoice;
  readonly disabled: boolean;
  readonly onFace: (face: FaceChoice) => void;
}

export function OwnFace({ part, face, disabled, onFace }: OwnFaceProps) {
  const [problem, setProblem] = useState<string>();
  const take = async (open: () => FaceChoice | Promise<FaceChoice>) => {
    try {
      const next = await open();
      setProblem(undefined);
      onFace(next);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <details>
      <summary>Your own picture as the {part}</summary>
      <div class="own">
        <FileDrop
          label={`Choose a picture for the ${part}`}
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
  );
}
