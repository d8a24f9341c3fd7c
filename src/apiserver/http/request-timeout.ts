import { badRequest } from "../../machinery/errors/status-error.ts";

/** The server's own limit, and the most that a client may ask for. */
const maximumMs = 60_000;
const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
/** Longer than any duration. */
const maximumLength = 64;
const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;
const duration = new RegExp(`^[+-]?(0|(${part.source})+)$`);

/**
 * How long a request may take, in milliseconds, by its `timeout` parameter (a duration as Go writes them; 0 is none).
 * Throws StatusError BadRequest.
 */
export function requestTimeout(query: URLSearchParams): number {
  const text = query.get("timeout");
  if (!text) return maximumMs;
  if (text.length > maximumLength || !duration.test(text)) {
    throw badRequest(
      `invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(text.slice(0, maximumLength))}`,
    );
  }
  let asked = 0;
  for (const [, number, unit = ""] of text.matchAll(part)) asked += Number(number) * (unitMs[unit] ?? 0);
  return asked > 0 && asked < maximumMs && !text.startsWith("-") ? asked : maximumMs;
}
