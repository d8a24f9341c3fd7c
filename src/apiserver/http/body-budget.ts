import type { MemoryReturn } from "../../lib/memory-return.ts";
import { tooManyRequests } from "../../machinery/errors/status-error.ts";

/** Bodies that are read or worked on at a time, in bytes; as JSON values they take a few times as much. */
export interface BodyLimits {
  readonly total: number;
  /** Of one user, so that nobody waits for another's bodies alone. */
  readonly perUser: number;
  /** Requests of one user that may wait for room. */
  readonly waitingPerUser: number;
  /** How long, in milliseconds. */
  readonly waitMs: number;
}

const mebibyte = 1024 * 1024;
export const bodyLimits: BodyLimits = {
  total: 12 * mebibyte,
  perUser: 6 * mebibyte,
  waitingPerUser: 256,
  waitMs: 30_000,
};
const retryAfterSeconds = 1;

interface Waiting {
  readonly bytes: number;
  admit(): void;
}
interface UserBodies {
  bytes: number;
  readonly waiting: Set<Waiting>;
}

/**
 * The seats of request bodies: so many bytes overall and of each user. What finds no room waits, unread, and users take
 * turns; where too many of one user wait, or one for too long, the answer is 429. The smallest bodies are not counted.
 */
export class BodyBudget {
  readonly #limits: BodyLimits;
  readonly #memory: MemoryReturn | undefined;
  readonly #users = new Map<string, UserBodies>();
  #bytes = 0;

  /** `memory` is told of what is given back. */
  constructor(limits: BodyLimits = bodyLimits, memory?: MemoryReturn) {
    this.#limits = limits;
    this.#memory = memory;
  }

  /** Bytes that are taken. */
  get taken(): number {
    return this.#bytes;
  }

  /**
   * Resolves with what gives the room back when there is room for so many bytes. Rejects with StatusError TooManyRequests,
   * or the signal's reason; the signal is the client's going.
   */
  reserve(user: string, bytes: number, signal: AbortSignal): Promise<() => void> {
    const bodies = this.#bodiesOf(user);
    if (bodies.waiting.size === 0 && this.#fits(bodies, bytes)) return Promise.resolve(this.#take(user, bodies, bytes));
    if (bodies.waiting.size >= this.#limits.waitingPerUser) return Promise.reject(refusal());
    const { promise, resolve, reject } = Promise.withResolvers<() => void>();
    const leave = (why: unknown): void => {
      bodies.waiting.delete(waiting);
      clearTimeout(timer);
      this.#forget(user, bodies);
      reject(why);
    };
    const gone = (): void => leave(signal.reason);
    const waiting: Waiting = {
      bytes,
      admit: () => {
        bodies.waiting.delete(waiting);
        clearTimeout(timer);
        signal.removeEventListener("abort", gone);
        resolve(this.#take(user, bodies, bytes));
      },
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", gone);
      leave(refusal());
    }, this.#limits.waitMs);
    bodies.waiting.add(waiting);
    if (signal.aborted) gone();
    else signal.addEventListener("abort", gone, { once: true });
    return promise;
  }

  #bodiesOf(user: string): UserBodies {
    let bodies = this.#users.get(user);
    if (bodies === undefined) {
      bodies = { bytes: 0, waiting: new Set() };
      this.#users.set(user, bodies);
    }
    return bodies;
  }

  /** What alone is more than a user may have goes when the user has nothing else. */
  #fits(bodies: UserBodies, bytes: number): boolean {
    const { total, perUser } = this.#limits;
    if (bodies.bytes > 0 && bodies.bytes + bytes > perUser) return false;
    return this.#bytes === 0 || this.#bytes + bytes <= total;
  }

  #take(user: string, bodies: UserBodies, bytes: number): () => void {
    bodies.bytes += bytes;
    this.#bytes += bytes;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      bodies.bytes -= bytes;
      this.#bytes -= bytes;
      this.#memory?.passed(bytes);
      this.#forget(user, bodies);
      this.#admitNext();
    };
  }

  #forget(user: string, { bytes, waiting }: UserBodies): void {
    if (bytes === 0 && waiting.size === 0) this.#users.delete(user);
  }

  /** One of each user in turn, as long as there is room; who was served goes to the end. */
  #admitNext(): void {
    for (const [user, bodies] of [...this.#users]) {
      const [first] = bodies.waiting;
      if (first === undefined || !this.#fits(bodies, first.bytes)) continue;
      this.#users.delete(user);
      this.#users.set(user, bodies);
      first.admit();
    }
  }
}

const refusal = (): Error => tooManyRequests("Too many requests, please try again later.", retryAfterSeconds);
