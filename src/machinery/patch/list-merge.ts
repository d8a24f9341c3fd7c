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

export const deleteScalars = (current: readonly unknown[], toDelete: readonly unknown[]): unknown[] =>
  current.filter((element) => !toDelete.includes(element));

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
function positions(list: readonly unknown[], mergeKey: string): Map<unknown, number> {
  const places = new Map<unknown, number>();
  for (const [index, element] of list.entries()) {
    const key = keyOf(element, mergeKey);
    if (!places.has(key)) places.set(key, index);
  }
  return places;
}

/**
 * Sorts by place. Elements without a place come before whatever precedes them, as upstream's comparison has it, for
 * which only an insertion sort gives upstream's order.
 */
function sortBy(list: unknown[], places: Map<unknown, number>, mergeKey: string): unknown[] {
  const place = (element: unknown): number => places.get(keyOf(element, mergeKey)) ?? -1;
  if (list.every((element) => place(element) >= 0)) return list.sort((a, b) => place(a) - place(b));
  for (let i = 1; i < list.length; i++) {
    for (let j = i; j > 0; j--) {
      const [before, after] = [place(list[j - 1]), place(list[j])];
      if (before >= 0 && after >= 0 && after >= before) break;
      [list[j - 1], list[j]] = [list[j], list[j - 1]];
    }
  }
  return list;
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
