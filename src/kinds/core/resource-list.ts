/** Amounts of resources: what every kind that holds a list of them shares. */
import { setAt, valueAt } from "../../machinery/meta/accessors.ts";
import { parseQuantity, Quantity } from "../../machinery/quantity.ts";

export type ResourceList = Record<string, string>;

const nanosPerMilli = 1_000_000n;

/** Rounds up to thousandths, as SetDefaults_ResourceList does. Mutates; the texts must be quantities. */
export function roundUpQuantities(list: ResourceList | undefined): void {
  for (const [name, text] of Object.entries(list ?? {})) {
    const quantity = parseQuantity(String(text));
    const excess = quantity.nanos % nanosPerMilli;
    if (list === undefined || excess === 0n) continue;
    const rounded = quantity.nanos - excess + (excess > 0n ? nanosPerMilli : -nanosPerMilli);
    setAt(list, name, new Quantity(rounded, quantity.format).toString());
  }
}

export function roundUpRequirements(resources: {
  limits?: ResourceList | undefined;
  requests?: ResourceList | undefined;
}): void {
  roundUpQuantities(resources.limits);
  roundUpQuantities(resources.requests);
}

/** The sum of two lists, name by name. */
export function addResources(left: ResourceList, right: ResourceList | undefined): ResourceList {
  return combine(left, right, (one, other) => one.add(other));
}

/** The larger of two amounts, name by name. */
export function maximumResources(left: ResourceList, right: ResourceList | undefined): ResourceList {
  return combine(left, right, (one, other) => (one.compare(other) < 0 ? other : one));
}

function combine(
  left: ResourceList,
  right: ResourceList | undefined,
  join: (one: Quantity, other: Quantity) => Quantity,
): ResourceList {
  const result = { ...left };
  for (const [name, text] of Object.entries(right ?? {})) {
    const there = valueAt(result, name);
    const amount = there === undefined ? text : join(parseQuantity(there), parseQuantity(text)).toString();
    setAt(result, name, amount);
  }
  return result;
}
