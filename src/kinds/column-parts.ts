/** The parts that the columns of many kinds share: name and age cells, ages of timestamps, lists cut short, containers. */
import type { Column } from "../machinery/kind.ts";
import { labelSelectorFromObject } from "../machinery/selectors/label-selector.ts";
import { humanDuration } from "../machinery/table/human-duration.ts";
import type { Container } from "./generated/core-v1.ts";
import type { LabelSelector, ObjectMeta } from "./generated/meta-v1.ts";

interface Named {
  metadata?: ObjectMeta | undefined;
}

export const nameOf = ({ metadata }: Named): string => metadata?.name ?? "";

export function nameColumn<T extends Named>(value: (object: T) => string = nameOf): Column<T> {
  return { name: "Name", type: "string", format: "name", value };
}

export function ageColumn<T extends Named>(): Column<T> {
  return { name: "Age", type: "string", value: ({ metadata }, now) => since(metadata?.creationTimestamp, now) };
}

/** `5m`; `<unknown>` for a missing timestamp. */
export function since(timestamp: string | undefined, now: number): string {
  return timestamp ? humanDuration(now - Date.parse(timestamp)) : "<unknown>";
}

export const orNone = (text: string | undefined): string => text || "<none>";

/** Joins up to `maximum` entries, and says how many more there are. */
export function listWithMore(entries: readonly string[], maximum: number): string {
  const shown = entries.slice(0, maximum).join(",");
  if (entries.length > maximum) return `${shown} + ${entries.length - maximum} more...`;
  return shown;
}

/** `a=b,c=d`, sorted; `<none>` for no labels. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? "<none>" : pairs.sort().join(",");
}

/** The selector as text; `<none>` for one that selects nothing or everything. */
export const formatSelector = (selector: LabelSelector | undefined): string =>
  orNone(labelSelectorFromObject(selector).toString());

/** The wide columns with names and images of the containers. */
export function containerColumns<T>(containers: (object: T) => readonly Container[] | undefined): Column<T>[] {
  const joined = (field: "name" | "image") => (object: T) =>
    (containers(object) ?? []).map((container) => container[field] ?? "").join(",");
  return [
    { name: "Containers", type: "string", priority: 1, value: joined("name") },
    { name: "Images", type: "string", priority: 1, value: joined("image") },
  ];
}

export function selectorColumn<T>(value: (object: T) => string): Column<T> {
  return { name: "Selector", type: "string", priority: 1, value };
}

export const isTrue = (conditions: readonly { type: string; status: string }[] | undefined, type: string): boolean =>
  (conditions ?? []).find((condition) => condition.type === type)?.status === "True";
