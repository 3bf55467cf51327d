/** A few of many shards, open: a process may have about a thousand files open, and a set may have more shards. */
import type { ByteSource } from './host.ts';

/** A file that can be opened when it is needed. */
export interface Shard {
  /** Its path, for messages and for the names of its images. */
  readonly name: string;
  open(): Promise<ByteSource>;
}

interface Entry {
  readonly source: Promise<ByteSource>;
  /** Reads under way: an entry is closed only when there are none. */
  users: number;
}

/** Opens shards on demand and closes those that were not used for longest. */
export class ShardPool {
  readonly #shards: readonly Shard[];
  readonly #most: number;
  /** In the order of last use. */
  readonly #open = new Map<number, Entry>();

  constructor(shards: readonly Shard[], most = 64) {
    this.#shards = shards;
    this.#most = most;
  }

  /** Runs `work` with a shard open. */
  async use<T>(which: number, work: (source: ByteSource) => Promise<T>): Promise<T> {
    const entry = this.#open.get(which) ?? { source: this.#shards[which]!.open(), users: 0 };
    this.#open.delete(which);
    this.#open.set(which, entry);
    entry.users++;
    try {
      return await work(await entry.source);
    } catch (thrown) {
      // A shard that failed to open may be there the next time.
      await entry.source.catch(() => this.#open.delete(which));
      throw thrown;
    } finally {
      entry.users--;
      await this.#trim();
    }
  }

  async #trim(): Promise<void> {
    for (const [which, entry] of this.#open) {
      if (this.#open.size <= this.#most) return;
      if (entry.users > 0) continue;
      this.#open.delete(which);
      await (await entry.source).close();
    }
  }

  /** Closes whatever is open. */
  async close(): Promise<void> {
    const entries = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(entries.map(async ({ source }) => (await source).close()));
  }
}
