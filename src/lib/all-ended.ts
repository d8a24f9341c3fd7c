/**
 * As Promise.all, but settles when all have ended, so that nothing of a group that failed is still at work when its
 * caller cleans up or tries again. Rejects with the first failure in the order given.
 */
export async function allEnded<T>(group: Iterable<Promise<T>>): Promise<T[]> {
  const values: T[] = [];
  for (const result of await Promise.allSettled(group)) {
    if (result.status === "rejected") throw result.reason;
    values.push(result.value);
  }
  return values;
}
