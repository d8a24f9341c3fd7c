/**
 * A queue of keys for reconcilers, after client-go's workqueue: a key is queued once however often it is added, is
 * never handled by two workers at a time, and is queued again if it was added while being handled.
 */
import { type BackOff, createBackOff } from "../lib/back-off.ts";
import { type Clock, systemClock } from "../lib/clock.ts";

export interface WorkQueue<K> {
  add(key: K): void;
  /** Adds after `ms`; an earlier time set for the same key wins. */
  addAfter(key: K, ms: number): void;
  /** Adds after this key's back-off, which doubles with each call until `forget`. */
  addRateLimited(key: K): void;
  /** Ends the key's back-off, after success. */
  forget(key: K): void;
  /** How often addRateLimited was called since the last forget. */
  retries(key: K): number;
  /** The next key; undefined after shutDown. Each key got must be given back with `done`. */
  get(): Promise<K | undefined>;
  done(key: K): void;
  /** Keys waiting, without those delayed or in work. */
  readonly length: number;
  shutDown(): void;
}

export interface WorkQueueOptions {
  readonly clock?: Clock;
  /** First and largest delay of addRateLimited. Default client-go's 5 ms and 1,000 s. */
  readonly initialBackOffMs?: number;
  readonly maximumBackOffMs?: number;
}

export function createWorkQueue<K>({
  clock = systemClock,
  initialBackOffMs = 5,
  maximumBackOffMs = 1_000_000,
}: WorkQueueOptions = {}): WorkQueue<K> {
  const waiting = new Set<K>();
  const inWork = new Set<K>();
  const dirty = new Set<K>();
  const delayed = new Map<K, { at: number; cancel: () => void }>();
  const backOffs = new Map<K, { backOff: BackOff; count: number }>();
  let takers: ((key: K | undefined) => void)[] = [];
  let stopped = false;

  function hand(): void {
    while (takers.length > 0 && waiting.size > 0) {
      const key = waiting.values().next().value as K;
      waiting.delete(key);
      inWork.add(key);
      takers.shift()?.(key);
    }
  }
  const queue: WorkQueue<K> = {
    add(key) {
      if (stopped) return;
      if (inWork.has(key)) {
        dirty.add(key);
        return;
      }
      waiting.add(key);
      hand();
    },
    addAfter(key, ms) {
      if (stopped) return;
      if (ms <= 0) return queue.add(key);
      const at = clock.now() + ms;
      const planned = delayed.get(key);
      if (planned !== undefined && planned.at <= at) return;
      planned?.cancel();
      const cancel = clock.schedule(ms, () => {
        delayed.delete(key);
        queue.add(key);
      });
      delayed.set(key, { at, cancel });
    },
    addRateLimited(key) {
      const entry = backOffs.get(key) ?? {
        backOff: createBackOff({ initialMs: initialBackOffMs, maximumMs: maximumBackOffMs }),
        count: 0,
      };
      entry.count++;
      backOffs.set(key, entry);
      queue.addAfter(key, entry.backOff.next());
    },
    forget: (key) => void backOffs.delete(key),
    retries: (key) => backOffs.get(key)?.count ?? 0,
    get() {
      if (stopped) return Promise.resolve(undefined);
      return new Promise((resolve) => {
        takers.push(resolve);
        hand();
      });
    },
    done(key) {
      inWork.delete(key);
      if (dirty.delete(key)) queue.add(key);
    },
    get length() {
      return waiting.size;
    },
    shutDown() {
      stopped = true;
      for (const { cancel } of delayed.values()) cancel();
      delayed.clear();
      for (const take of takers) take(undefined);
      takers = [];
    },
  };
  return queue;
}
