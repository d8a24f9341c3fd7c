/** metadata.managedFields to and from managers with their sets of fields, and the conflicts between managers. */
import { StatusError } from "../../errors/status-error.ts";
import type { ManagedFieldsEntry } from "../../meta/object.ts";
import { FieldSet, type FieldsV1, formatPath, type Path } from "./field-set.ts";

export interface Manager {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly set: FieldSet;
  /** The stored form of `set`, where it is known. */
  readonly fields?: FieldsV1 | undefined;
}

/** By identity; an applier keeps its identity when it changes the version. */
export type Managers = Map<string, Manager>;

export type ManagerIdentity = Pick<Manager, "manager" | "operation" | "apiVersion" | "subresource">;

export function managerKey({ manager, operation, apiVersion, subresource }: ManagerIdentity): string {
  return JSON.stringify([manager, operation, operation === "Apply" ? "" : apiVersion, subresource]);
}

/** Entries that are malformed make the whole list count as empty, as upstream. */
export function decodeManagedFields(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  const managers: Managers = new Map();
  for (const entry of entries ?? []) {
    const { manager = "", operation, apiVersion = "", subresource = "", fieldsType, time } = entry;
    if ((operation !== "Apply" && operation !== "Update") || apiVersion === "" || fieldsType !== "FieldsV1") {
      return new Map();
    }
    const fields = (entry.fieldsV1 ?? {}) as FieldsV1;
    const set = FieldSet.fromFields(fields);
    const decoded: Manager = { manager, operation, apiVersion, subresource, time, set, fields };
    managers.set(managerKey(decoded), decoded);
  }
  return managers;
}

/** Sorted by operation, time and name; empty fields of an entry are left out. undefined where there are none. */
export function encodeManagedFields(managers: Managers): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined;
  return [...managers.values()]
    .sort(compareManagers)
    .map(({ manager, operation, apiVersion, subresource, time, set, fields }) => ({
      ...(manager === "" ? {} : { manager }),
      operation,
      apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: "FieldsV1",
      fieldsV1: fields ?? set.toFields(),
      ...(subresource === "" ? {} : { subresource }),
    }));
}

function compareManagers(a: Manager, b: Manager): number {
  const order = (manager: Manager): readonly string[] => [
    manager.operation,
    manager.time ?? "",
    manager.manager,
    manager.apiVersion,
    manager.subresource,
  ];
  const [left, right] = [order(a), order(b)];
  for (const [index, text] of left.entries()) {
    const other = right[index] as string;
    if (text !== other) return text < other ? -1 : 1;
  }
  return 0;
}

export interface Conflict {
  readonly manager: Manager;
  readonly path: Path;
}

function describeManager({ manager, operation, apiVersion, subresource }: Manager): string {
  const name = JSON.stringify(manager) + (subresource === "" ? "" : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === "Update" ? `${name} using ${apiVersion}` : name;
}

/** 409 with one cause a field, and the message that kubectl explains. */
export function applyConflict(conflicts: readonly Conflict[]): StatusError {
  const sorted = [...conflicts].sort((a, b) => (managerKey(a.manager) < managerKey(b.manager) ? -1 : 0));
  const groups = Map.groupBy(sorted, ({ manager }) => describeManager(manager));
  const lines = [...groups].flatMap(([manager, members]) => [
    `conflicts with ${manager}:`,
    ...members.map(({ path }) => `- ${formatPath(path)}`),
  ]);
  const [only] = sorted;
  const message =
    sorted.length === 1 && only !== undefined
      ? `Apply failed with 1 conflict: conflict with ${describeManager(only.manager)}: ${formatPath(only.path)}`
      : `Apply failed with ${sorted.length} conflicts: ${lines.join("\n")}`;
  const causes = sorted.map(({ manager, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${describeManager(manager)}`,
    field: formatPath(path),
  }));
  return new StatusError({ code: 409, reason: "Conflict", message, details: { causes } });
}
