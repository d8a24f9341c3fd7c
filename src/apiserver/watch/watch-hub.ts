import type { WatchCache } from "./watch-cache.ts";
import type { WatchSession } from "./watch-session.ts";

const bookmarkPeriodMs = 60_000;
const tickMs = 5_000;

/** The watches that run: one timer sends their bookmarks, about one a minute each, spread over that minute. */
export class WatchHub {
  readonly #cache: WatchCache;
  readonly #due = new Map<WatchSession, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(cache: WatchCache) {
    this.#cache = cache;
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#timer.unref();
  }

  get size(): number {
    return this.#due.size;
  }

  add(session: WatchSession): void {
    this.#due.set(session, Date.now() + bookmarkPeriodMs * (0.5 + Math.random() / 2));
  }

  remove(session: WatchSession): void {
    this.#due.delete(session);
  }

  /** Ends all watches. */
  close(): void {
    clearInterval(this.#timer);
    for (const session of this.#due.keys()) session.end();
    this.#due.clear();
  }

  #tick(): void {
    const now = Date.now();
    for (const [session, due] of this.#due) {
      if (due > now) continue;
      this.#due.set(session, now + bookmarkPeriodMs);
      if (session.bookmarks) session.bookmark(this.#cache.revision);
    }
  }
}
