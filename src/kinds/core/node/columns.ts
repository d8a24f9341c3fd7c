import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn, orNone } from "../../column-parts.ts";
import type { Node } from "../../generated/core-v1.ts";

const rolePrefix = "node-role.kubernetes.io/";
const roleLabel = "kubernetes.io/role";

function status({ spec, status: { conditions } = {} }: Node): string {
  const ready = (conditions ?? []).findLast(({ type }) => type === "Ready");
  const readiness = ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  return spec?.unschedulable ? `${readiness},SchedulingDisabled` : readiness;
}

function roles({ metadata }: Node): string {
  const found = new Set<string>();
  for (const [key, value] of Object.entries(metadata?.labels ?? {})) {
    if (key.startsWith(rolePrefix) && key !== rolePrefix) found.add(key.slice(rolePrefix.length));
    else if (key === roleLabel && value !== "") found.add(value);
  }
  return orNone([...found].sort().join(","));
}

const address =
  (wanted: string) =>
  ({ status: { addresses } = {} }: Node): string =>
    orNone(addresses?.find(({ type }) => type === wanted)?.address);

function kernel({ status: { nodeInfo } = {} }: Node): string {
  const version = nodeInfo?.kernelVersion || "<unknown>";
  return nodeInfo?.architecture ? `${version} (${nodeInfo.architecture})` : version;
}

export const nodeColumns: readonly Column<Node>[] = [
  nameColumn(),
  { name: "Status", type: "string", value: status },
  { name: "Roles", type: "string", value: roles },
  ageColumn(),
  { name: "Version", type: "string", value: ({ status }) => status?.nodeInfo?.kubeletVersion ?? "" },
  { name: "Internal-IP", type: "string", priority: 1, value: address("InternalIP") },
  { name: "External-IP", type: "string", priority: 1, value: address("ExternalIP") },
  { name: "OS-Image", type: "string", priority: 1, value: ({ status }) => status?.nodeInfo?.osImage || "<unknown>" },
  { name: "Kernel-Version", type: "string", priority: 1, value: kernel },
  {
    name: "Container-Runtime",
    type: "string",
    priority: 1,
    value: ({ status }) => status?.nodeInfo?.containerRuntimeVersion || "<unknown>",
  },
];
