/** `semver('1.2.3').isLessThan(semver('2.0.0'))`: apiserver's library kubernetes.Semver. */
import type { Environment } from "@marcbachmann/cel-js";

const number = "(?:0|[1-9]\\d*)";
const identifier = `(?:${number}|\\d*[A-Za-z-][0-9A-Za-z-]*)`;
const pattern = new RegExp(
  `^(${number})\\.(${number})\\.(${number})(?:-(${identifier}(?:\\.${identifier})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
);

class Version {
  readonly core: readonly bigint[];
  readonly preRelease: readonly string[];

  /** Throws an Error on what is no version. */
  constructor(text: string) {
    const [, major, minor, patch, preRelease] = pattern.exec(text) ?? [];
    if (major === undefined || minor === undefined || patch === undefined) {
      throw new Error(`Invalid semantic version ${JSON.stringify(text)}`);
    }
    this.core = [BigInt(major), BigInt(minor), BigInt(patch)];
    this.preRelease = preRelease?.split(".") ?? [];
  }

  /** By precedence: what is built does not count. */
  compare(other: Version): number {
    for (const [index, part] of this.core.entries()) {
      const order = sign(part, other.core[index] as bigint);
      if (order !== 0) return order;
    }
    if (this.preRelease.length === 0 || other.preRelease.length === 0) {
      return Number(this.preRelease.length === 0) - Number(other.preRelease.length === 0);
    }
    for (const [index, part] of this.preRelease.entries()) {
      const against = other.preRelease[index];
      const order = against === undefined ? 1 : compareIdentifiers(part, against);
      if (order !== 0) return order;
    }
    return sign(this.preRelease.length, other.preRelease.length);
  }
}

const sign = <T extends bigint | number | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

function compareIdentifiers(a: string, b: string): number {
  const isNumber = (text: string): boolean => /^\d+$/.test(text);
  if (isNumber(a) && isNumber(b)) return sign(BigInt(a), BigInt(b));
  return isNumber(a) === isNumber(b) ? sign(a, b) : isNumber(a) ? -1 : 1;
}

/** `v1.02` as `1.2.0`. Throws an Error on a short version with a pre-release. */
function normalized(text: string): string {
  const [major = "", minor, ...rest] = text.replace(/^v/, "").split(".");
  const parts = [major, minor, rest.length === 0 ? undefined : rest.join(".")].filter((part) => part !== undefined);
  if (parts.length < 3 && /[+-]/.test(parts.at(-1) ?? "")) {
    throw new Error("Short version cannot contain PreRelease/Build meta data");
  }
  const plain = parts.map((part) => part.replace(/^0+(?=\d)/, ""));
  return [...plain, "0", "0"].slice(0, 3).join(".");
}

const parse = (text: string, normalize = false): Version => new Version(normalize ? normalized(text) : text);

function isVersion(text: string, normalize = false): boolean {
  try {
    parse(text, normalize);
    return true;
  } catch {
    return false;
  }
}

const type = "kubernetes.Semver";

export function registerSemver(environment: Environment): void {
  environment
    .registerType(type, { ctor: Version, fields: {} })
    .registerFunction(`semver(string): ${type}`, (text: string) => parse(text))
    .registerFunction(`semver(string, bool): ${type}`, parse)
    .registerFunction("isSemver(string): bool", (text: string) => isVersion(text))
    .registerFunction("isSemver(string, bool): bool", isVersion)
    .registerFunction(`${type}.isGreaterThan(${type}): bool`, (a: Version, b: Version) => a.compare(b) > 0)
    .registerFunction(`${type}.isLessThan(${type}): bool`, (a: Version, b: Version) => a.compare(b) < 0)
    .registerFunction(`${type}.compareTo(${type}): int`, (a: Version, b: Version) => BigInt(a.compare(b)))
    .registerFunction(`${type}.major(): int`, ({ core }: Version) => core[0])
    .registerFunction(`${type}.minor(): int`, ({ core }: Version) => core[1])
    .registerFunction(`${type}.patch(): int`, ({ core }: Version) => core[2])
    .registerOperator(`${type} == ${type}`, (a: Version, b: Version) => a.compare(b) === 0);
}
