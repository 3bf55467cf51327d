/** Places a square on a picture: drag it, turn the wheel, or use arrow keys, + and −. What one sees is what the network gets. */
import { useEffect, useRef } from 'preact/hooks';
import { ARCFACE_TEMPLATE, TEMPLATE_SIZE } from '../../data/align/template.ts';
import { Button, Slider } from '../shared/controls.tsx';
import { type Crop, keyed, moved, rectangle, scaled, within } from './crop.ts';

/** Side of the drawing, pixels of the canvas. */
const VIEW = 336;

export interface CropperProps {
  readonly picture: ImageBitmap;
  readonly crop: Crop;
  readonly disabled: boolean;
  readonly onCrop: (crop: Crop) => void;
}

export function Cropper({ picture, crop, disabled, onCrop }: CropperProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drag = useRef<{ readonly x: number; readonly y: number; readonly crop: Crop } | undefined>(undefined);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const from = rectangle(crop, { width: VIEW, height: VIEW });
    context.imageSmoothingQuality = 'high';
    context.drawImage(picture, from.left, from.top, from.width, from.height, 0, 0, VIEW, VIEW);
    drawMarks(context);
  }, [picture, crop]);
  const change = (next: Crop | undefined) => {
    if (next && !disabled) onCrop(next);
  };
  const longest = Math.min(picture.width, picture.height);
  return (
    <div class="cropper">
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: it takes arrow keys itself, as applications do */}
      <canvas
        ref={canvas}
        class="crop-view"
        width={VIEW}
        height={VIEW}
        tabIndex={disabled ? -1 : 0}
        role="application"
        aria-label="Your picture. Arrow keys move the square, plus and minus zoom, with Shift a little."
        onKeyDown={(event) => {
          const next = keyed(crop, event.key, { shift: event.shiftKey, picture });
          if (next) event.preventDefault();
          change(next);
        }}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          drag.current = { x: event.clientX, y: event.clientY, crop };
        }}
        onPointerMove={(event) => {
          if (!drag.current) return;
          const { x, y, crop: start } = drag.current;
          const side = event.currentTarget.clientWidth;
          // The picture follows the finger, so the square goes the other way.
          change(moved(start, (x - event.clientX) / side, (y - event.clientY) / side, picture));
        }}
        onPointerUp={() => {
          drag.current = undefined;
        }}
        onPointerCancel={() => {
          drag.current = undefined;
        }}
        onWheel={(event) => {
          event.preventDefault();
          change(scaled(crop, event.deltaY > 0 ? 1.06 : 1 / 1.06, picture));
        }}
      />
      <Slider
        label="Zoom"
        hint="Put the eyes, the nose and the corners of the mouth on the crosses: networks learned from faces that lie there."
        value={longest / crop.side}
        min={1}
        max={Math.max(8, longest / crop.side)}
        step={0.01}
        disabled={disabled}
        format={(value) => `${value.toFixed(1)}×`}
        onInput={(zoom) => change(within({ ...crop, side: longest / zoom }, picture))}
      />
      <div class="row">
        <Button disabled={disabled} label="Zoom in" onClick={() => change(scaled(crop, 1 / 1.1, picture))}>
          +
        </Button>
        <Button disabled={disabled} label="Zoom out" onClick={() => change(scaled(crop, 1.1, picture))}>
          −
        </Button>
      </div>
    </div>
  );
}

/** Where the five points of an aligned face lie. */
function drawMarks(context: CanvasRenderingContext2D): void {
  const scale = VIEW / TEMPLATE_SIZE;
  for (const [colour, width] of [
    ['#000a', 4],
    ['#fff', 2],
  ] as const) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    for (const [column, row] of ARCFACE_TEMPLATE) {
      const [x, y] = [(column + 0.5) * scale, (row + 0.5) * scale];
      context.moveTo(x - 6, y);
      context.lineTo(x + 6, y);
      context.moveTo(x, y - 6);
      context.lineTo(x, y + 6);
    }
    context.stroke();
  }
}
