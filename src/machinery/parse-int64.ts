import { integerOf } from "./codec/json.ts";
import { badRequest } from "./errors/status-error.ts";

/** An integer of a query as Go's strconv.ParseInt reads it. Throws StatusError BadRequest. */
export function parseInt64(text: string): number | bigint {
  const complain = (problem: string) => badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: ${problem}`);
  if (!/^[+-]?\d+$/.test(text)) throw complain("invalid syntax");
  const digits = text.replace(/^[+-]?0*(?=\d)/, "");
  const value = digits.length > 19 ? undefined : BigInt(digits) * (text.startsWith("-") ? -1n : 1n);
  if (value === undefined || BigInt.asIntN(64, value) !== value) throw complain("value out of range");
  return integerOf(value);
}
