/** A piece of work that takes the thread for longer than this, in milliseconds, is on its owner's account. */
const longMs = 12;
/** What an owner may have on the account: a few large definitions one after the other are nobody's flood. */
const allowedMs = 750;
/** What comes off it in a millisecond: beyond what is allowed, an owner has a tenth of the thread. */
const share = 0.1;
/** Accounts that nothing is on any more are looked for when there are so many. */
const manyAccounts = 1_000;

interface Account {
  /** Milliseconds of the thread's time, as of `at`. */
  used: number;
  at: number;
}

/**
 * Long pieces of work on the one thread, one in a turn of the event loop: between two of them everything else that is ready
 * runs. Owners of work take turns, so that a hundred pieces of one delay the first of another by one; an owner whose pieces
 * are long, and many, waits in between. What a piece can be cut into is its owner's to say, by asking for a turn again.
 */
export class Turns {
  /** By owner; who was served last is last. */
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #accounts = new Map<string, Account>();
  #running = false;
  /** Set while all that wait have to wait. */
  #rest: NodeJS.Timeout | undefined;

  /** Resolves when the work may go on, which it then does before anything else happens. */
  take(owner: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const queue = this.#waiting.get(owner);
    if (queue === undefined) this.#waiting.set(owner, [resolve]);
    else queue.push(resolve);
    if (!this.#running || this.#rest !== undefined) this.#schedule();
    return promise;
  }

  /** How many wait. */
  get waiting(): number {
    let count = 0;
    for (const queue of this.#waiting.values()) count += queue.length;
    return count;
  }

  #schedule(): void {
    this.#running = true;
    clearTimeout(this.#rest);
    this.#rest = undefined;
    let owner: string | undefined;
    let startedAt = 0;
    setImmediate(() => {
      startedAt = threadMs();
      owner = this.#next();
    });
    // Of the same turn: it comes when the work, and all that it led to without waiting for anything, is done.
    setImmediate(() => {
      if (owner !== undefined) this.#charge(owner, threadMs() - startedAt);
      if (this.#waiting.size === 0) this.#running = false;
      else if (owner === undefined) this.#rest = setTimeout(() => this.#schedule(), this.#shortestRest());
      else this.#schedule();
    });
  }

  /** Lets the first owner go on that need not wait, and says which. */
  #next(): string | undefined {
    for (const [owner, queue] of this.#waiting) {
      if (this.#restOf(owner) > 0) continue;
      const resolve = queue.shift();
      this.#waiting.delete(owner);
      if (queue.length > 0) this.#waiting.set(owner, queue);
      resolve?.();
      return owner;
    }
    return undefined;
  }

  #usedBy({ used, at }: Account): number {
    return Math.max(0, used - (performance.now() - at) * share);
  }

  /** Milliseconds that an owner has to wait. */
  #restOf(owner: string): number {
    const account = this.#accounts.get(owner);
    return account === undefined ? 0 : Math.max(0, (this.#usedBy(account) - allowedMs) / share);
  }

  #shortestRest(): number {
    return Math.min(...Array.from(this.#waiting.keys(), (owner) => this.#restOf(owner)));
  }

  #charge(owner: string, usedMs: number): void {
    if (usedMs <= longMs) return;
    const account = this.#accounts.get(owner);
    const before = account === undefined ? 0 : this.#usedBy(account);
    this.#accounts.set(owner, { used: before + usedMs, at: performance.now() });
    if (this.#accounts.size <= manyAccounts) return;
    for (const [other, one] of this.#accounts) if (this.#usedBy(one) === 0) this.#accounts.delete(other);
  }
}

/** The thread's own time: a busy machine makes nobody's work longer. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
