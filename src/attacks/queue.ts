/** Pairs that wait, drawn one at a time, so that a long list need not be in memory. */
export class Queue<T> {
  readonly #items: Iterator<T> | AsyncIterator<T>;
  #drawn = 0;
  #exhausted = false;

  constructor(items: Iterable<T> | AsyncIterable<T>) {
    this.#items = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  }

  /** Known once an item was asked for and there was none. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** The next item and its place in the order. */
  async draw(): Promise<{ readonly item: T; readonly index: number } | undefined> {
    if (this.#exhausted) return undefined;
    const next = await this.#items.next();
    if (next.done) {
      this.#exhausted = true;
      return undefined;
    }
    return { item: next.value, index: this.#drawn++ };
  }

  /** Lets a generator that was not drawn to its end release what it holds. */
  async close(): Promise<void> {
    if (!this.#exhausted) await this.#items.return?.();
    this.#exhausted = true;
  }
}
