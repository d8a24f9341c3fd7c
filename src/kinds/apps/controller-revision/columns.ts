import type { Column } from "../../../machinery/kind.ts";
import { parseApiVersion } from "../../../machinery/meta/object.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { ControllerRevision } from "../../generated/apps-v1.ts";

function controllerName({ metadata }: ControllerRevision): string {
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller);
  if (owner === undefined) return "<none>";
  const { group } = parseApiVersion(owner.apiVersion);
  return `${(group === "" ? owner.kind : `${owner.kind}.${group}`).toLowerCase()}/${owner.name}`;
}

export const controllerRevisionColumns: readonly Column<ControllerRevision>[] = [
  nameColumn(),
  { name: "Controller", type: "string", value: controllerName },
  { name: "Revision", type: "string", value: ({ revision }) => revision ?? 0 },
  ageColumn(),
];
