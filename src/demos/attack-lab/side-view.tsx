/** What one defence does under attack: its images, its similarities against the threshold, its curve and its numbers. */
import { ErrorMessage } from '../shared/messages.tsx';
import { Picture } from '../shared/picture.tsx';
import { Bars } from './bars.tsx';
import { Chart } from './chart.tsx';
import { amplified } from './perturbation.ts';
import type { SideState } from './state.ts';
import type { FacePixels } from './use-lab.ts';
import { shown, statusOf } from './view.ts';

export interface SideViewProps {
  readonly title: string;
  readonly side: SideState;
  readonly pixels: FacePixels | undefined;
  readonly amplification: number;
}

export function SideView({ title, side, pixels, amplification }: SideViewProps) {
  const { network, threshold = 0, run, points } = side;
  const members = network?.members ?? 1;
  const { image, source, size, similarities, speed, trial, steps } = shown(side, pixels?.source);
  const [height, width] = pixels?.size ?? [56, 56];
  const difference = image && source ? amplified(image, source, amplification) : undefined;
  const grey = (value: number) => (255 * value).toFixed(2);
  return (
    <section class="side" aria-label={title}>
      <h3>{title}</h3>
      <div class={`status ${run.kind === 'done' ? (run.outcome.success ? 'fooled' : 'held-out') : ''}`}>
        <p role="status">{statusOf(side)}</p>
        {run.kind === 'failed' && <ErrorMessage title="What went wrong" message={run.message} />}
      </div>
      <div class="images">
        <figure>
          <Picture rgb={image} width={width} height={height} alt={`${title}: the changed face`} />
          <figcaption>Changed face</figcaption>
        </figure>
        <figure>
          <Picture
            rgb={difference}
            width={width}
            height={height}
            alt={`${title}: the change, ${amplification} times as strong`}
          />
          <figcaption>Its change, ×{amplification}</figcaption>
        </figure>
      </div>
      <Bars similarities={similarities} members={members} threshold={threshold} />
      <Chart points={points} threshold={threshold} members={members} label={title} />
      <dl class="numbers">
        <div>
          <dt>Threshold</dt>
          <dd>{side.threshold === undefined ? '…' : threshold.toFixed(3)}</dd>
        </div>
        <div>
          <dt>Steps</dt>
          <dd>
            {steps}
            {trial > 0 && <span class="soft"> (trial {trial + 1})</span>}
          </dd>
        </div>
        <div>
          <dt>Steps a second</dt>
          <dd>{speed === undefined ? '–' : speed.toFixed(speed < 10 ? 1 : 0)}</dd>
        </div>
        <div>
          <dt>
            Change, typical <span class="math">RMS</span>
          </dt>
          <dd>{grey(size.rms)} levels</dd>
        </div>
        <div>
          <dt>
            Change, largest <span class="math">L∞</span>
          </dt>
          <dd>{grey(size.linf)} levels</dd>
        </div>
        <div>
          <dt>
            Change, in all <span class="math">L2</span>
          </dt>
          <dd>{size.l2.toFixed(3)}</dd>
        </div>
        {run.kind === 'done' && (
          <div>
            <dt>Saved as a PNG</dt>
            <dd>
              {run.outcome.asPng.ensemble.toFixed(3)}{' '}
              <span class="soft">
                {run.outcome.asPng.ensemble > threshold ? 'still accepted' : 'not accepted'}
              </span>
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}
