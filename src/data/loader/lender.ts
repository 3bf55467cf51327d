/** Things of which there are a few, to be had in the order of asking. */

/** Lends items; who asks when none is left waits until one comes back. */
export class Lender<Item> {
  readonly #free: Item[];
  readonly #waiting: ((item: Item) => void)[] = [];

  constructor(items: readonly Item[]) {
    this.#free = [...items];
  }

  async take(): Promise<Item> {
    const item = this.#free.pop();
    return item ?? new Promise((resolve) => this.#waiting.push(resolve));
  }

  giveBack(item: Item): void {
    const next = this.#waiting.shift();
    if (next) next(item);
    else this.#free.push(item);
  }
}
