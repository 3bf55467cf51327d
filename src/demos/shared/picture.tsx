/** A small picture, enlarged without blur, so that one sees the pixels that a network sees. */
import { useEffect, useRef } from 'preact/hooks';
import { toRgba } from './pixels.ts';

export interface PictureProps {
  /** H × W × 3: bytes, or numbers in [0, 1] as a Float32Array; an empty frame where absent. */
  readonly rgb: Uint8Array | Float32Array | undefined;
  readonly width: number;
  readonly height: number;
  /** What it shows, for screen readers. */
  readonly alt: string;
}

/** Fills the width that it is given. */
export function Picture({ rgb, width, height, alt }: PictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    if (rgb) context.putImageData(new ImageData(toRgba(rgb), width, height), 0, 0);
    else context.clearRect(0, 0, width, height);
  }, [rgb, width, height]);
  return <canvas ref={canvas} class="picture" width={width} height={height} role="img" aria-label={alt} />;
}
