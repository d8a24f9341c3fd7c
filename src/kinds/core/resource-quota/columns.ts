import type { Column } from "../../../machinery/kind.ts";
import { valueAt } from "../../../machinery/meta/accessors.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { ResourceQuota } from "../../generated/core-v1.ts";

const isLimit = (resource: string): boolean => resource.startsWith("limits.");

const amounts =
  (belongs: (resource: string) => boolean) =>
  ({ status }: ResourceQuota): string =>
    Object.entries(status?.hard ?? {})
      .filter(([resource]) => belongs(resource))
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([resource, hard]) => `${resource}: ${valueAt(status?.used, resource) ?? "0"}/${hard}`)
      .join(", ");

export const resourceQuotaColumns: readonly Column<ResourceQuota>[] = [
  nameColumn(),
  { name: "Request", type: "string", value: amounts((resource) => !isLimit(resource)) },
  { name: "Limit", type: "string", value: amounts(isLimit) },
  ageColumn(),
];
