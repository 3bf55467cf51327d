/** A picture from the camera. It is asked for when the visitor asks, shown while it is on, and off as soon as the picture is taken. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../shared/controls.tsx';

export interface CameraProps {
  readonly disabled: boolean;
  readonly onPicture: (picture: ImageBitmap) => void;
  readonly onProblem: (message: string) => void;
}

/** Why there is no picture, for people. */
export function cameraProblem(error: unknown): string {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  switch (name) {
    case 'NotAllowedError':
      return 'The camera was not allowed. You can allow it in the browser’s settings for this page, or take a file instead.';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'No camera was found. Take a file instead.';
    case 'NotReadableError':
      return 'The camera is used by another program. Close that one, or take a file instead.';
    default:
      return `The camera could not be opened: ${message}`;
  }
}

export function Camera({ disabled, onPicture, onProblem }: CameraProps) {
  const [stream, setStream] = useState<MediaStream>();
  const [asking, setAsking] = useState(false);
  const video = useRef<HTMLVideoElement>(null);
  const alive = useRef(true);
  useEffect(() => {
    alive.current = true;
    return () => {
      alive.current = false;
    };
  }, []);
  useEffect(() => {
    const element = video.current;
    if (!stream || !element) return undefined;
    element.srcObject = stream;
    element.play().catch((error: unknown) => onProblem(cameraProblem(error)));
    return () => {
      for (const track of stream.getTracks()) track.stop();
    };
  }, [stream]);

  const open = async () => {
    setAsking(true);
    try {
      if (!navigator.mediaDevices) throw new Error('this browser gives pages no camera here');
      const wanted = { video: { facingMode: 'user', width: { ideal: 1280 } }, audio: false };
      const opened = await navigator.mediaDevices.getUserMedia(wanted);
      if (alive.current) setStream(opened);
      else for (const track of opened.getTracks()) track.stop();
    } catch (error) {
      onProblem(cameraProblem(error));
    } finally {
      setAsking(false);
    }
  };
  const take = async () => {
    if (!video.current) return;
    try {
      onPicture(await createImageBitmap(video.current));
      setStream(undefined);
    } catch (error) {
      onProblem(cameraProblem(error));
    }
  };
  if (!stream) {
    return (
      <Button disabled={disabled || asking} onClick={open}>
        {asking ? 'Waiting for your permission…' : 'Use the camera'}
      </Button>
    );
  }
  return (
    <div class="camera">
      <video ref={video} muted playsInline aria-label="The camera’s picture" />
      <div class="row">
        <Button primary onClick={take}>
          Take the picture
        </Button>
        <Button onClick={() => setStream(undefined)}>Turn the camera off</Button>
      </div>
    </div>
  );
}
