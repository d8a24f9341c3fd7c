import type { Clock } from "../lib/clock.ts";

/** client-go's EventSourceObjectSpamFilter: 25 events at once for one object, then one in five minutes. */
const burst = 25;
const refillMs = 300_000;
const maximumObjects = 4096;

/** Answers whether one more event for `key` (source and object) may be written. */
export function createSpamFilter(clock: Clock): (key: string) => boolean {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (key) => {
    const now = clock.now();
    const bucket = buckets.get(key) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, bucket.tokens + (now - bucket.at) / refillMs);
    const admitted = tokens >= 1;
    buckets.delete(key);
    buckets.set(key, { tokens: admitted ? tokens - 1 : tokens, at: now });
    if (buckets.size > maximumObjects) buckets.delete(buckets.keys().next().value as string);
    return admitted;
  };
}
