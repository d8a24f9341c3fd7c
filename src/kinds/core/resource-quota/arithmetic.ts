/** Comparing lists of resources, name to quantity: what quotas need beyond resource-list.ts. */
import { valueAt } from "../../../machinery/meta/accessors.ts";
import { parseQuantity, Quantity } from "../../../machinery/quantity.ts";
import type { ResourceList } from "../resource-list.ts";

const zero = Quantity.of(0);
const quantityOf = (text: string | undefined): Quantity => (text === undefined ? zero : parseQuantity(text));

/** `a` less `b`, never below zero, for the names in `a`. */
export function subtractQuantities(a: ResourceList, b: ResourceList): ResourceList {
  const entries = Object.entries(a).map(([name, value]): [string, string] => {
    const rest = parseQuantity(value).subtract(quantityOf(valueAt(b, name)));
    return [name, rest.compare(zero) < 0 ? "0" : rest.toString()];
  });
  return Object.fromEntries(entries);
}

/** Names whose quantity in `a` is above that in `limits`, where `limits` has one. */
export function namesAbove(a: ResourceList, limits: ResourceList): string[] {
  return Object.keys(a).filter((name) => {
    const limit = valueAt(limits, name);
    return limit !== undefined && quantityOf(a[name]).compare(parseQuantity(limit)) > 0;
  });
}

export const isZero = (text: string): boolean => parseQuantity(text).isZero;
