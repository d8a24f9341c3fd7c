/** IntOrString values (`maxUnavailable: 25%`, `targetPort: http`), as in apimachinery pkg/util/intstr. */

export type IntOrString = number | string;

/** `25%` to 25; undefined for what is not a percentage. */
export function parsePercent(value: IntOrString): number | undefined {
  if (typeof value === "number") return undefined;
  const digits = /^([+-]?\d+)%$/.exec(value)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * A number as it is, a percentage of `total` rounded up or down. Throws an Error on a string that is no percentage, in
 * the words of GetScaledValueFromIntOrPercent.
 */
export function scaledValue(value: IntOrString, total: number, roundUp: boolean): number {
  if (typeof value === "number") return value;
  const percent = parsePercent(value);
  if (percent === undefined) {
    const reason = value.endsWith("%")
      ? `invalid value ${JSON.stringify(value)}: strconv.Atoi: parsing ${JSON.stringify(value.slice(0, -1))}: invalid syntax`
      : "invalid type: string is not a percentage";
    throw new Error(`invalid value for IntOrString: ${reason}`);
  }
  const scaled = (percent * total) / 100;
  return roundUp ? Math.ceil(scaled) : Math.floor(scaled);
}
