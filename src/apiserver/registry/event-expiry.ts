import type { Clock } from "../../lib/clock.ts";
import { errorChain, type Logger } from "../../lib/log.ts";
import { StatusError } from "../../machinery/errors/status-error.ts";
import type { ObjectWrites } from "./object-writes.ts";
import type { ServedResource } from "./resources.ts";

/** Upstream's default: an Event goes an hour after it was last written. */
const lifetimeMs = 60 * 60 * 1000;
const periodMs = 60 * 1000;

export interface EventExpiryParts {
  readonly resource: ServedResource;
  readonly writes: ObjectWrites;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Removes Events whose time is over. Returns how to stop. After a restart, all that are there start anew. */
export function expireEvents({ resource, writes, clock, log }: EventExpiryParts): () => void {
  /** Key to end of life; a write moves its key to the end, so the first ones end first. */
  const ends = new Map<string, number>();
  const start = clock.now();
  for (const { key } of resource.cache.list(resource.cache.prefix)) ends.set(key, start + lifetimeMs);
  const unsubscribe = resource.cache.subscribe(({ type, object }) => {
    ends.delete(object.key);
    if (type !== "DELETED") ends.set(object.key, clock.now() + lifetimeMs);
  });

  async function remove(key: string): Promise<void> {
    const object = resource.cache.get(key);
    if (object === undefined) return;
    try {
      await writes.remove(resource, object, false);
    } catch (error) {
      // Written or deleted meanwhile: it has a new end, or none.
      if (!(error instanceof StatusError)) log.warn("event not removed", { key, error: errorChain(error) });
    }
  }

  let cancel = clock.schedule(periodMs, tick);
  function tick(): void {
    const now = clock.now();
    for (const [key, end] of ends) {
      if (end > now) break;
      ends.delete(key);
      void remove(key);
    }
    cancel = clock.schedule(periodMs, tick);
  }

  return () => {
    cancel();
    unsubscribe();
  };
}
