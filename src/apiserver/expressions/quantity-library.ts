/** `quantity('1Gi').add(quantity('1')).isLessThan(…)`: apiserver's library kubernetes.quantity. */
import type { Environment } from "@marcbachmann/cel-js";
import { parseQuantity, Quantity, QuantityError } from "../../machinery/quantity.ts";

const nanosPerUnit = 1_000_000_000n;
const highest = 2n ** 63n - 1n;

function isQuantity(text: string): boolean {
  try {
    parseQuantity(text);
    return true;
  } catch (error) {
    if (error instanceof QuantityError) return false;
    throw error;
  }
}

/** Undefined where it is no whole number of 64 bits. */
function integerOf({ nanos }: Quantity): bigint | undefined {
  const units = nanos / nanosPerUnit;
  return units * nanosPerUnit === nanos && units <= highest && units >= -highest - 1n ? units : undefined;
}

function asInteger(quantity: Quantity): bigint {
  const units = integerOf(quantity);
  if (units === undefined) throw new Error("cannot convert value to integer");
  return units;
}

const ofUnits = (units: bigint): Quantity => Quantity.of(units, "DecimalExponent");

const type = "kubernetes.Quantity";

export function registerQuantities(environment: Environment): void {
  environment
    .registerType(type, { ctor: Quantity, fields: {} })
    .registerFunction(`quantity(string): ${type}`, parseQuantity)
    .registerFunction("isQuantity(string): bool", isQuantity)
    .registerFunction(`${type}.sign(): int`, ({ sign }: Quantity) => BigInt(sign))
    .registerFunction(`${type}.isInteger(): bool`, (quantity: Quantity) => integerOf(quantity) !== undefined)
    .registerFunction(`${type}.asInteger(): int`, asInteger)
    .registerFunction(`${type}.asApproximateFloat(): double`, (quantity: Quantity) => quantity.toNumber())
    .registerFunction(`${type}.isGreaterThan(${type}): bool`, (a: Quantity, b: Quantity) => a.compare(b) > 0)
    .registerFunction(`${type}.isLessThan(${type}): bool`, (a: Quantity, b: Quantity) => a.compare(b) < 0)
    .registerFunction(`${type}.compareTo(${type}): int`, (a: Quantity, b: Quantity) => BigInt(a.compare(b)))
    .registerFunction(`${type}.add(${type}): ${type}`, (a: Quantity, b: Quantity) => a.add(b))
    .registerFunction(`${type}.add(int): ${type}`, (a: Quantity, b: bigint) => a.add(ofUnits(b)))
    .registerFunction(`${type}.sub(${type}): ${type}`, (a: Quantity, b: Quantity) => a.subtract(b))
    .registerFunction(`${type}.sub(int): ${type}`, (a: Quantity, b: bigint) => a.subtract(ofUnits(b)))
    .registerOperator(`${type} == ${type}`, (a: Quantity, b: Quantity) => a.compare(b) === 0);
}
