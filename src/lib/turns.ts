/** After a piece of work that took longer than this, everybody else gets the thread for a while. */
const longMs = 12;
/** So much longer than the piece took, but never longer than this, no other begins: it is one delay in a hundred then. */
const restFactor = 10;
const maximumRestMs = 5_000;

/**
 * Long pieces of work on the one thread, one in a turn of the event loop: between two of them everything else that is ready
 * runs. Owners of work take turns, so that a hundred pieces of one delay the first of another by one. What a piece can be
 * cut into is its owner's to say, by asking for a turn again.
 */
export class Turns {
  /** By owner; who was served last is last. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #running = false;
  #restUntil = 0;

  /** Resolves when the work may go on, which it then does before anything else happens. */
  take(owner: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const queue = this.#waiting.get(owner);
    if (queue === undefined) this.#waiting.set(owner, [resolve]);
    else queue.push(resolve);
    if (!this.#running) {
      this.#running = true;
      this.#schedule();
    }
    return promise;
  }

  /** How many wait. */
  get waiting(): number {
    let count = 0;
    for (const queue of this.#waiting.values()) count += queue.length;
    return count;
  }

  #schedule(): void {
    const rest = this.#restUntil - performance.now();
    if (rest > 0) {
      setTimeout(() => this.#schedule(), rest);
      return;
    }
    let startedAt = 0;
    setImmediate(() => {
      startedAt = performance.now();
      this.#next();
    });
    // Of the same turn: it comes when the work, and all that it led to without waiting for anything, is done.
    setImmediate(() => this.#took(performance.now() - startedAt));
  }

  #next(): void {
    for (const [owner, queue] of this.#waiting) {
      const resolve = queue.shift();
      this.#waiting.delete(owner);
      if (queue.length > 0) this.#waiting.set(owner, queue);
      resolve?.();
      return;
    }
  }

  #took(elapsedMs: number): void {
    if (elapsedMs > longMs) {
      this.#restUntil = performance.now() + Math.min(maximumRestMs, elapsedMs * restFactor);
    }
    if (this.#waiting.size > 0) this.#schedule();
    else this.#running = false;
  }
}
