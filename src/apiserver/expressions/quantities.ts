import { parseQuantity, QuantityError } from "../../machinery/quantity.ts";

export function isQuantity(text: string): boolean {
  try {
    parseQuantity(text);
    return true;
  } catch (error) {
    if (error instanceof QuantityError) return false;
    throw error;
  }
}

/** Below, at or above zero as `a` is less than, equal to or greater than `b`. Throws QuantityError. */
export function compareQuantities(a: string, b: string): number {
  return parseQuantity(a).compare(parseQuantity(b));
}
