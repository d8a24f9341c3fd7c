/** The grammar of cron schedules: five fields, or a descriptor (`@daily`, `@every 1h30m`), as robfig/cron reads them. */

interface Field {
  readonly minimum: number;
  readonly maximum: number;
  readonly names: readonly string[];
}

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const fields: readonly Field[] = [
  { minimum: 0, maximum: 59, names: [] },
  { minimum: 0, maximum: 23, names: [] },
  { minimum: 1, maximum: 31, names: [] },
  { minimum: 1, maximum: 12, names: ["", ...months] },
  { minimum: 0, maximum: 6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];
const descriptors = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/** What is wrong with the schedule; undefined for nothing. */
export function cronScheduleError(schedule: string): string | undefined {
  const text = schedule.replace(/^(TZ|CRON_TZ)=\S+\s+/, "").trim();
  if (text.startsWith("@")) return descriptorError(text);
  const parts = text.split(/\s+/).filter((part) => part !== "");
  if (parts.length !== fields.length) {
    return `expected exactly 5 fields, found ${parts.length}: [${parts.join(" ")}]`;
  }
  for (const [index, field] of fields.entries()) {
    for (const range of (parts[index] ?? "").split(",")) {
      const error = rangeError(range, field);
      if (error !== undefined) return error;
    }
  }
  return undefined;
}

function descriptorError(text: string): string | undefined {
  if (descriptors.includes(text)) return undefined;
  const every = /^@every\s/.test(text) ? text.slice("@every".length).trim() : undefined;
  if (every === undefined) return `unrecognized descriptor: ${text}`;
  if (/^([+-]?\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/.test(every) || every === "0") return undefined;
  return `failed to parse duration ${text}: time: invalid duration ${JSON.stringify(every)}`;
}

function rangeError(text: string, field: Field): string | undefined {
  const [span = "", step, ...more] = text.split("/");
  if (more.length > 0) return `too many slashes: ${text}`;
  const [low = "", high, ...others] = span.split("-");
  if (others.length > 0) return `too many hyphens: ${text}`;
  const any = low === "*" || low === "?";
  const start = any ? field.minimum : numberOf(low, field);
  if (typeof start === "string") return start;
  const end =
    any || (high === undefined && step !== undefined)
      ? field.maximum
      : high === undefined
        ? start
        : numberOf(high, field);
  if (typeof end === "string") return end;
  if (start < field.minimum) return `beginning of range (${start}) below minimum (${field.minimum}): ${text}`;
  if (end > field.maximum) return `end of range (${end}) above maximum (${field.maximum}): ${text}`;
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${text}`;
  if (step === undefined) return undefined;
  if (!/^\d+$/.test(step)) return parseError(step);
  return Number(step) === 0 ? `step of range should be a positive number: ${text}` : undefined;
}

function numberOf(text: string, { names }: Field): number | string {
  const named = text === "" ? -1 : names.indexOf(text.toLowerCase());
  if (named >= 0) return named;
  return /^\d+$/.test(text) ? Number(text) : parseError(text);
}

const parseError = (text: string): string =>
  `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
