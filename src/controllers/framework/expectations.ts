import type { Clock } from "../../lib/clock.ts";

/** Upstream's ExpectationsTimeout: a lost event must not stop a controller for ever. */
const timeoutMs = 300_000;

/**
 * What a controller has asked for and its cache has not shown: a plan made before then would ask again. Counted by
 * key of the owner, for creations by number (the event may come before the answer), for deletions by uid.
 */
export interface Expectations {
  expectCreations(key: string, count: number): void;
  expectDeletions(key: string, uids: readonly string[]): void;
  /** The cache showed a new object, or its creation failed. */
  creationObserved(key: string): void;
  /** The cache showed the object as going or gone, or its deletion failed. */
  deletionObserved(key: string, uid: string): void;
  /** Whether everything was seen, or waiting for it has timed out. */
  satisfied(key: string): boolean;
  forget(key: string): void;
}

export function createExpectations(clock: Clock): Expectations {
  const pending = new Map<string, { creations: number; deletions: Set<string>; since: number }>();
  function raise(key: string): { creations: number; deletions: Set<string>; since: number } {
    const entry = pending.get(key) ?? { creations: 0, deletions: new Set<string>(), since: 0 };
    entry.since = clock.now();
    pending.set(key, entry);
    return entry;
  }
  return {
    expectCreations(key, count) {
      raise(key).creations += count;
    },
    expectDeletions(key, uids) {
      const entry = raise(key);
      for (const uid of uids) entry.deletions.add(uid);
    },
    creationObserved(key) {
      const entry = pending.get(key);
      if (entry !== undefined && entry.creations > 0) entry.creations--;
    },
    deletionObserved(key, uid) {
      pending.get(key)?.deletions.delete(uid);
    },
    satisfied(key) {
      const entry = pending.get(key);
      if (entry === undefined) return true;
      if (entry.creations > 0 || entry.deletions.size > 0) {
        if (clock.now() - entry.since < timeoutMs) return false;
      }
      pending.delete(key);
      return true;
    },
    forget: (key) => void pending.delete(key),
  };
}
