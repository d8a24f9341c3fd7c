/** Functions on lists: apiserver's library k8s.lists and cel-go's extensions of lists and sets (without `sortBy`). */
import { isDeepStrictEqual } from "node:util";
import { type Environment, Optional } from "@marcbachmann/cel-js";

type Comparable = bigint | number | string;
type List = readonly unknown[];

const compare = (a: Comparable, b: Comparable): number => (a < b ? -1 : a > b ? 1 : 0);

export function registerLists(environment: Environment): void {
  environment
    .registerFunction("list<dyn>.isSorted(): bool", (list: Comparable[]) =>
      list.every((item, index) => index === 0 || compare(list[index - 1] as Comparable, item) <= 0),
    )
    .registerFunction("list<dyn>.sum(): dyn", (list: (bigint | number)[]) =>
      list.length === 0 ? 0n : list.reduce((total, item) => ((total as number) + (item as number)) as number),
    )
    .registerFunction("list<dyn>.min(): dyn", (list: Comparable[]) => extreme(list, -1, "min"))
    .registerFunction("list<dyn>.max(): dyn", (list: Comparable[]) => extreme(list, 1, "max"))
    .registerFunction("list<dyn>.indexOf(dyn): int", (list: List, item: unknown) =>
      BigInt(list.findIndex((one) => isSame(one, item))),
    )
    .registerFunction("list<dyn>.lastIndexOf(dyn): int", (list: List, item: unknown) =>
      BigInt(list.findLastIndex((one) => isSame(one, item))),
    );
  registerExtensions(environment);
  registerSets(environment);
}

function extreme(list: readonly Comparable[], sign: number, name: string): Comparable {
  const [first, ...rest] = list;
  if (first === undefined) throw new Error(`${name} called on empty list`);
  return rest.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best), first);
}

class ListsNamespace {}

function registerExtensions(environment: Environment): void {
  environment
    .registerType("ListsNamespace", { ctor: ListsNamespace, fields: {} })
    .registerConstant("lists", "ListsNamespace", new ListsNamespace())
    .registerFunction("ListsNamespace.range(int): list<int>", (_: unknown, end: bigint) =>
      Array.from({ length: Number(end) }, (__, index) => BigInt(index)),
    )
    .registerFunction("list<T>.slice(int, int): list<T>", slice)
    .registerFunction("list<dyn>.flatten(): list<dyn>", (list: List) => list.flat())
    .registerFunction("list<dyn>.flatten(int): list<dyn>", (list: List, depth: bigint) => {
      if (depth < 0n) throw new Error("level must be non-negative");
      return list.flat(Number(depth) as 1);
    })
    .registerFunction("list<T>.distinct(): list<T>", (list: List) =>
      list.filter((item, index) => list.findIndex((one) => isSame(one, item)) === index),
    )
    .registerFunction("list<T>.reverse(): list<T>", (list: List) => list.toReversed())
    .registerFunction("list<T>.sort(): list<T>", (list: readonly Comparable[]) => list.toSorted(compare))
    .registerFunction("list<T>.first(): optional<T>", (list: List) => optionalItem(list, 0))
    .registerFunction("list<T>.last(): optional<T>", (list: List) => optionalItem(list, -1));
}

const optionalItem = (list: List, index: number): unknown =>
  list.length === 0 ? Optional.none() : Optional.of(list.at(index));

function slice(list: List, start: bigint, end: bigint): List {
  if (start < 0n || end < 0n) throw new Error(`cannot slice(${start}, ${end}), negative indexes not supported`);
  if (start > end)
    throw new Error(`cannot slice(${start}, ${end}), start index must be less than or equal to end index`);
  if (end > BigInt(list.length)) throw new Error(`cannot slice(${start}, ${end}), list is length ${list.length}`);
  return list.slice(Number(start), Number(end));
}

class SetsNamespace {}

function registerSets(environment: Environment): void {
  const has = (list: List, item: unknown): boolean => list.some((one) => isSame(one, item));
  const contains = (a: List, b: List): boolean => b.every((item) => has(a, item));
  environment
    .registerType("SetsNamespace", { ctor: SetsNamespace, fields: {} })
    .registerConstant("sets", "SetsNamespace", new SetsNamespace())
    .registerFunction("SetsNamespace.contains(list<dyn>, list<dyn>): bool", (_: unknown, a: List, b: List) =>
      contains(a, b),
    )
    .registerFunction("SetsNamespace.equivalent(list<dyn>, list<dyn>): bool", (_: unknown, a: List, b: List) => {
      return contains(a, b) && contains(b, a);
    })
    .registerFunction("SetsNamespace.intersects(list<dyn>, list<dyn>): bool", (_: unknown, a: List, b: List) =>
      b.some((item) => has(a, item)),
    );
}

/** Numbers of both kinds are equal where their values are. */
const isSame = (a: unknown, b: unknown): boolean =>
  (typeof a === "bigint" && typeof b === "number") || (typeof a === "number" && typeof b === "bigint")
    ? Number(a) === Number(b)
    : isDeepStrictEqual(a, b);
