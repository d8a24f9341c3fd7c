import type { WatchSession } from "./watch-session.ts";

/** Watches that end together, when what they watch is no longer served as it was when they began. */
export class WatchGroup {
  readonly #sessions = new Set<Pick<WatchSession, "end">>();
  #ended = false;

  /** Joins a watch to the group; one that comes too late ends at once. */
  add(session: Pick<WatchSession, "end">): void {
    if (this.#ended) session.end();
    else this.#sessions.add(session);
  }

  remove(session: Pick<WatchSession, "end">): void {
    this.#sessions.delete(session);
  }

  /** Ends all watches in order, with what they have to send yet. Idempotent. */
  end(): void {
    this.#ended = true;
    for (const session of this.#sessions) session.end();
    this.#sessions.clear();
  }
}
