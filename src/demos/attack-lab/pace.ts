/** Lets something run, holds it, or lets it go one step at a time. */
export class Pace {
  #held = false;
  #go: (() => void) | undefined;

  get held(): boolean {
    return this.#held;
  }

  hold(): void {
    this.#held = true;
  }

  /** Runs freely again. */
  run(): void {
    this.#held = false;
    this.#release();
  }

  /** One more step, then held. */
  step(): void {
    this.#held = true;
    this.#release();
  }

  /** Resolves at once, or when whoever holds it lets it go; rejects with the signal's reason when it is aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#held) return;
    await new Promise<void>((resolve, reject) => {
      const abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      this.#go = () => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
    });
  }

  #release(): void {
    this.#go?.();
    this.#go = undefined;
  }
}
