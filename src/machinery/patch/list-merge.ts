/** The pieces of strategic merging that concern lists and values without a schema; used by strategic-merge-patch.ts. */

export type Json = Record<string, unknown>;

export const directiveMarker = "$patch";
export const setElementOrderPrefix = "$setElementOrder/";

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A value without the properties that are null, at any depth. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([, child]) => child !== null);
  return Object.fromEntries(entries.map(([key, child]) => [key, withoutNulls(child)]));
}

/** A value without the objects in it that carry a `$patch` directive; undefined where it is one itself. */
export function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((element) => element !== undefined);
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, directiveMarker)) return undefined;
  const entries = Object.entries(value).map(([key, child]): [string, unknown] => [key, withoutDirectives(child)]);
  return Object.fromEntries(entries.filter(([, child]) => child !== undefined));
}

export const mergeScalars = (current: readonly unknown[], change: readonly unknown[]): unknown[] => [
  ...new Set([...current, ...change]),
];

export function deleteScalars(current: readonly unknown[], toDelete: readonly unknown[]): unknown[] {
  const deleted = new Set(toDelete);
  return current.filter((element) => !deleted.has(element));
}

const keyOf = (element: unknown, mergeKey: string): unknown =>
  mergeKey === "" || !isObject(element) ? element : element[mergeKey];

interface Partition {
  readonly named: unknown[];
  readonly others: unknown[];
}

/** Splits by whether the element occurs in `reference` (by merge key, or as such where that is empty). */
export function partition(list: readonly unknown[], reference: readonly unknown[], mergeKey: string): Partition {
  const keys = new Set(reference.map((element) => keyOf(element, mergeKey)));
  const isNamed = (element: unknown): boolean => keys.has(keyOf(element, mergeKey));
  return { named: list.filter(isNamed), others: list.filter((element) => !isNamed(element)) };
}

/** First place of every key. */
export function positions(list: readonly unknown[], mergeKey: string): Map<unknown, number> {
  const places = new Map<unknown, number>();
  for (const [index, element] of list.entries()) {
    const key = keyOf(element, mergeKey);
    if (!places.has(key)) places.set(key, index);
  }
  return places;
}

/**
 * Sorts by place. Elements without a place come before whatever precedes them, as upstream's comparison has it, for
 * which only an insertion sort gives upstream's order: one without a place moves to the front, and one with a place moves
 * to behind the last that has no later place, where it takes over those without a place that followed that one.
 */
function sortBy(list: unknown[], places: Map<unknown, number>, mergeKey: string): unknown[] {
  const place = (element: unknown): number => places.get(keyOf(element, mergeKey)) ?? -1;
  if (list.every((element) => place(element) >= 0)) return list.sort((a, b) => place(a) - place(b));
  /** In order of their places, each with what follows it, the last first. */
  const runs: Run[] = [{ place: -1, element: undefined, followers: [] }];
  for (const element of list) {
    const at = place(element);
    if (at < 0) {
      (runs[0] as Run).followers.push(element);
      continue;
    }
    const before = lastNotAfter(runs, at);
    const { followers } = runs[before] as Run;
    (runs[before] as Run).followers = [];
    runs.splice(before + 1, 0, { place: at, element, followers });
  }
  return runs.flatMap(({ place: at, element, followers }) => [...(at < 0 ? [] : [element]), ...followers.reverse()]);
}

interface Run {
  readonly place: number;
  readonly element: unknown;
  followers: unknown[];
}

function lastNotAfter(runs: readonly Run[], place: number): number {
  let [low, high] = [0, runs.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((runs[middle] as Run).place <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * Puts the elements that the patch names in the patch's order and the others in the server's, then inserts each of the
 * others before the first named element that follows it in the server's order.
 */
export function placeElements(
  { named, others }: Partition,
  patchOrder: readonly unknown[],
  serverOrder: readonly unknown[],
  mergeKey: string,
): unknown[] {
  const serverPlaces = positions(serverOrder, mergeKey);
  const right = sortBy(named, positions(patchOrder, mergeKey), mergeKey);
  const left = sortBy(others, serverPlaces, mergeKey);
  const result: unknown[] = [];
  for (let i = 0, j = 0; i < left.length || j < right.length; ) {
    const leftPlace = i < left.length ? serverPlaces.get(keyOf(left[i], mergeKey)) : undefined;
    const rightPlace = j < right.length ? serverPlaces.get(keyOf(right[j], mergeKey)) : undefined;
    const leftFirst = leftPlace !== undefined && rightPlace !== undefined && leftPlace < rightPlace;
    result.push(j >= right.length || (i < left.length && leftFirst) ? left[i++] : right[j++]);
  }
  return result;
}
