/** Lets something run as fast as it can, or slowly enough to follow, holds it, or lets it go one step at a time. */
export class Pace {
  /** Milliseconds from one step to the next at least. */
  interval = 0;
  #held = false;
  #due = 0;
  /** Told to take a step before it got round to waiting. */
  #stepped = false;
  /** Lets go of whoever waits. */
  #release: (() => void) | undefined;

  get held(): boolean {
    return this.#held;
  }

  hold(): void {
    this.#held = true;
  }

  /** Runs freely again. */
  run(): void {
    this.#held = false;
    this.#letGo();
  }

  /** One more step, then held. */
  step(): void {
    this.#held = true;
    this.#letGo();
  }

  /**
   * Resolves when the next step may begin: when its time has come, or, where it is held, when it is let go. Rejects with the
   * signal's reason when that is aborted.
   */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const now = performance.now();
    if (!this.#held && now < this.#due) await this.#until(signal, this.#due - now);
    // It may have been held meanwhile.
    if (this.#held && !this.#stepped) await this.#until(signal);
    this.#stepped = false;
    this.#due = performance.now() + this.interval;
  }

  #letGo(): void {
    if (this.#release) this.#release();
    else this.#stepped = this.#held;
  }

  /** Waits to be let go, or for so many milliseconds. */
  async #until(signal: AbortSignal, milliseconds?: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let abort = () => {};
    try {
      await new Promise<void>((resolve, reject) => {
        abort = () => reject(signal.reason);
        signal.addEventListener('abort', abort, { once: true });
        this.#release = resolve;
        if (milliseconds !== undefined) timer = setTimeout(resolve, milliseconds);
      });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      this.#release = undefined;
    }
  }
}
