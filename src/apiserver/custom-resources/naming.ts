/** Which names a CustomResourceDefinition gets, as upstream's naming controller decides. Pure. */

import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionStatus,
} from "../../kinds/generated/apiextensions-v1.ts";
import { formatTime } from "../../lib/clock.ts";
import { deepEqual } from "../../machinery/meta/accessors.ts";

type Names = Partial<CustomResourceDefinitionNames>;

/** The new status, or undefined where nothing changes. `all` are the definitions that are there. */
export function acceptNames(
  definition: CustomResourceDefinition,
  all: readonly CustomResourceDefinition[],
  now: number,
): CustomResourceDefinitionStatus | undefined {
  const others = all.filter(
    (one) => one.spec.group === definition.spec.group && one.metadata?.name !== definition.metadata?.name,
  );
  const used = namesIn(others);
  const requested: Names = definition.spec.names;
  const accepted: Names = { ...definition.status?.acceptedNames };
  const conflicts: { reason: string; message: string }[] = [];
  const claim = (field: "plural" | "singular" | "kind" | "listKind", taken: ReadonlySet<string>): void => {
    const name = requested[field] ?? "";
    if (name !== accepted[field] && taken.has(name)) {
      const reason = `${field.slice(0, 1).toUpperCase()}${field.slice(1)}Conflict`;
      conflicts.push({ reason, message: `${JSON.stringify(name)} is already in use` });
    } else accepted[field] = name;
  };
  claim("plural", used.resources);
  claim("singular", used.resources);
  const shortNames = requested.shortNames ?? [];
  const taken = shortNames.filter((name) => !accepted.shortNames?.includes(name) && used.resources.has(name));
  if (taken.length > 0) {
    const messages = taken.map((name) => `${JSON.stringify(name)} is already in use`);
    const message = messages.length === 1 ? (messages[0] as string) : `[${messages.join(", ")}]`;
    conflicts.push({ reason: "ShortNamesConflict", message });
  } else if (requested.shortNames === undefined) delete accepted.shortNames;
  else accepted.shortNames = shortNames;
  claim("kind", used.kinds);
  claim("listKind", used.kinds);
  if (requested.categories === undefined) delete accepted.categories;
  else accepted.categories = requested.categories;
  return statusWith(definition, accepted as CustomResourceDefinitionNames, conflicts.at(-1), now);
}

function namesIn(definitions: readonly CustomResourceDefinition[]) {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { status } of definitions) {
    const names = status?.acceptedNames;
    for (const name of [names?.plural, names?.singular, ...(names?.shortNames ?? [])]) if (name) resources.add(name);
    for (const name of [names?.kind, names?.listKind]) if (name) kinds.add(name);
  }
  return { resources, kinds };
}

function statusWith(
  { status }: CustomResourceDefinition,
  acceptedNames: CustomResourceDefinitionNames,
  conflict: { reason: string; message: string } | undefined,
  now: number,
): CustomResourceDefinitionStatus | undefined {
  const named =
    conflict === undefined
      ? { status: "True", reason: "NoConflicts", message: "no conflicts found" }
      : { status: "False", ...conflict };
  const established = status?.conditions?.some(({ type, status: is }) => type === "Established" && is === "True");
  const ready = established === true || conflict === undefined;
  const establishedCondition = ready
    ? { status: "True", reason: "InitialNamesAccepted", message: "the initial names have been accepted" }
    : { status: "False", reason: "NotAccepted", message: "not all names are accepted" };
  const conditions = setCondition(
    setCondition(status?.conditions ?? [], { type: "NamesAccepted", ...named }, now),
    { type: "Established", ...establishedCondition },
    now,
  );
  if (deepEqual(conditions, status?.conditions) && deepEqual(acceptedNames, status?.acceptedNames)) return undefined;
  return { ...status, acceptedNames, conditions } as CustomResourceDefinitionStatus;
}

/** The conditions with one of them set; its time only changes with its status. */
export function setCondition(
  conditions: readonly CustomResourceDefinitionCondition[],
  condition: Omit<CustomResourceDefinitionCondition, "lastTransitionTime">,
  now: number,
): CustomResourceDefinitionCondition[] {
  const old = conditions.find(({ type }) => type === condition.type);
  const time = old?.status === condition.status ? old.lastTransitionTime : undefined;
  const next = { ...condition, lastTransitionTime: time ?? formatTime(now) };
  return old === undefined ? [...conditions, next] : conditions.map((one) => (one === old ? next : one));
}

export function isEstablished({ status }: CustomResourceDefinition): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === "Established" && is === "True") === true;
}
