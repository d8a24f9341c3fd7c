/** Sizes, processors and times as they are typed. */
import { availableParallelism, freemem } from "node:os";
import { MiniError } from "../cluster/errors.ts";

const units: Readonly<Record<string, number>> = {
  "": 1,
  m: 1,
  mb: 1,
  mib: 1,
  g: 1024,
  gb: 1024,
  gib: 1024,
  t: 1 << 20,
  k: 1 / 1024,
  kb: 1 / 1024,
};

/** MiB of `2048`, `2048mb`, `2g`, `2GiB`; `max` and `no-limit` leave a little for the host. Throws MK_USAGE. */
export function parseMebibytes(flag: string, value: string): number {
  const text = value.trim().toLowerCase();
  if (flag === "memory" && (text === "max" || text === "no-limit")) return Math.floor((freemem() / 2 ** 20) * 0.9);
  const [, number = "", unit = "?"] = text.match(/^(\d+(?:\.\d+)?)\s*([a-z]*)$/) ?? [];
  const factor = units[unit];
  if (number === "" || factor === undefined) {
    throw new MiniError("MK_USAGE", `--${flag}: "${value}" is not a size`, {
      advice: `--${flag}=2048mb or --${flag}=2g`,
    });
  }
  return Math.floor(Number(number) * factor);
}

/** A whole number, `max` or `no-limit`. Throws MK_USAGE. */
export function parseCpus(value: string): number {
  if (value === "max" || value === "no-limit") return availableParallelism();
  return parseInteger("cpus", value);
}

/** Throws MK_USAGE unless it is a whole number from 0. */
export function parseInteger(flag: string, value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new MiniError("MK_USAGE", `--${flag}: "${value}" is not a whole number`);
}

const durations: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of Go's notation, `6m0s`, `90s`, `1.5h`; a bare number is seconds. Throws MK_USAGE. */
export function parseDuration(flag: string, value: string): number {
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== value) {
    throw new MiniError("MK_USAGE", `--${flag}: "${value}" is not a duration`, {
      advice: `--${flag}=6m or --${flag}=90s`,
    });
  }
  return parts.reduce((sum, [, number, unit = "s"]) => sum + Number(number) * (durations[unit] ?? 0), 0);
}
