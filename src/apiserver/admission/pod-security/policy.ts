import type { FieldError } from "../../../machinery/errors/field-error.ts";
import { invalidValue } from "../../../machinery/errors/field-error.ts";
import { baselineChecks } from "./baseline.ts";
import type { CheckedPod, Violation } from "./check.ts";
import { restrictedChecks } from "./restricted.ts";

type Level = "privileged" | "baseline" | "restricted";
type Labels = Readonly<Record<string, string>>;

export interface Policy {
  readonly level: Level;
  readonly version: string;
}

const labelPrefix = "pod-security.kubernetes.io/";
const levels: readonly Level[] = ["privileged", "baseline", "restricted"];
const isLevel = (text: string): text is Level => (levels as readonly string[]).includes(text);

/** A level that is no level counts as the strictest for enforce, and as none for warn, as upstream. */
export function policyOf(labels: Labels, mode: "enforce" | "warn" | "audit"): Policy {
  const text = labels[`${labelPrefix}${mode}`];
  const version = labels[`${labelPrefix}${mode}-version`];
  if (text !== undefined) {
    const level = isLevel(text) ? text : mode === "enforce" ? "restricted" : "privileged";
    return { level, version: version ?? "latest" };
  }
  // Who enforces is also warned, about what only warns.
  if (mode === "warn" && isLevel(labels[`${labelPrefix}enforce`] ?? "")) {
    const enforced = policyOf(labels, "enforce");
    return { ...enforced, version: version ?? enforced.version };
  }
  return { level: "privileged", version: version ?? "latest" };
}

export const formatPolicy = ({ level, version }: Policy): string => `${level}:${version}`;

export const isStricter = (next: Policy, old: Policy): boolean =>
  levels.indexOf(next.level) > levels.indexOf(old.level) ||
  (next.level === old.level && next.level !== "privileged" && next.version !== old.version);

export function violationsOf({ level }: Policy, pod: CheckedPod): Violation[] {
  if (level === "privileged") return [];
  const checks = level === "baseline" ? baselineChecks : restrictedChecks;
  return checks.flatMap((check) => check(pod) ?? []);
}

/** `reason (detail), reason (detail)`. */
export function describe(violations: readonly Violation[]): string {
  return violations.map(({ reason, detail }) => (detail === "" ? reason : `${reason} (${detail})`)).join(", ");
}

/** Errors of a namespace's labels. */
export function labelErrors(labels: Labels): FieldError[] {
  return ["enforce", "audit", "warn"].flatMap((mode) => {
    const errors: FieldError[] = [];
    const check = (name: string, passes: (value: string) => boolean, detail: string): void => {
      const key = `${labelPrefix}${name}`;
      const value = labels[key];
      if (value !== undefined && !passes(value)) errors.push(invalidValue(`metadata.labels[${key}]`, value, detail));
    };
    check(mode, isLevel, "must be one of privileged, baseline, restricted");
    const isVersion = (value: string): boolean => /^(latest|v1\.([0-9]|[1-9][0-9]{1,2}))$/.test(value);
    check(`${mode}-version`, isVersion, 'must be "latest" or "v1.x"');
    return errors;
  });
}
