/** What a page says when something goes wrong, happens, or cannot be. */
import type { ComponentChildren } from 'preact';
import { Button } from './controls.tsx';

export interface ErrorMessageProps {
  /** What was being done: 'This file could not be opened'. */
  readonly title: string;
  /** The error's own words. */
  readonly message: string;
  readonly onDismiss?: () => void;
  readonly onRetry?: () => void;
}

/** An error, read out at once by screen readers. */
export function ErrorMessage({ title, message, onDismiss, onRetry }: ErrorMessageProps) {
  return (
    <div class="message error" role="alert">
      <p class="message-title">{title}</p>
      <p class="message-text">{message}</p>
      {(onRetry || onDismiss) && (
        <div class="row">
          {onRetry && <Button onClick={onRetry}>Try again</Button>}
          {onDismiss && <Button onClick={onDismiss}>Close</Button>}
        </div>
      )}
    </div>
  );
}

/** A piece of news that interrupts nobody. */
export function Notice({ children }: { readonly children: ComponentChildren }) {
  return (
    <div class="message" role="status">
      {children}
    </div>
  );
}

export interface NoWebGpuProps {
  /** Why, in the engine's words. */
  readonly reason: string;
  /** What the page would have done: pictures and numbers of src/demos/recorded. */
  readonly children?: ComponentChildren;
}

/** In place of what needs a GPU: which browsers have it, and recorded results. */
export function NoWebGpu({ reason, children }: NoWebGpuProps) {
  return (
    <>
      <div class="message" role="status">
        <p class="message-title">
          This page computes on your graphics card, and this browser does not let it.
        </p>
        <p>
          It needs WebGPU: Chrome or Edge 113 and newer, Safari 26 and newer, Firefox 141 and newer on Windows
          (145 on Macs with Apple silicon), with hardware acceleration switched on.
          {children ? ' Below is what it would have shown, recorded with the same code.' : ''}
        </p>
        <details>
          <summary>What the browser said</summary>
          <p class="message-text">{reason}</p>
        </details>
      </div>
      {children}
    </>
  );
}
