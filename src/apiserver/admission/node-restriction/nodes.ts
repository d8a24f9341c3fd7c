/** A node changes its own Node, and there neither what steers pods to it nor what widens its view. */
import type { Node } from "../../../kinds/generated/core-v1.ts";
import { deepEqual, valueAt } from "../../../machinery/meta/accessors.ts";
import type { AdmissionRequest } from "../../types.ts";
import { objectOf, oldObjectOf, refuse } from "../request.ts";

/** Labels in Kubernetes' own domains that a kubelet may set on its node. */
const kubeletLabels = new Set([
  "kubernetes.io/hostname",
  "kubernetes.io/arch",
  "kubernetes.io/os",
  "beta.kubernetes.io/instance-type",
  "node.kubernetes.io/instance-type",
  "failure-domain.beta.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "topology.kubernetes.io/zone",
  "beta.kubernetes.io/arch",
  "beta.kubernetes.io/os",
]);
const kubeletLabelDomains = ["kubelet.kubernetes.io", "node.kubernetes.io"];
const restrictedDomain = "node-restriction.kubernetes.io";

export function checkNode(request: AdmissionRequest, node: string): void {
  const name = request.name || (request.object?.metadata?.name ?? "");
  const who = `node ${JSON.stringify(node)}`;
  if (name !== node) throw refuse(request, `${who} is not allowed to modify node ${JSON.stringify(name)}`);
  const created = request.operation === "CREATE";
  if (!created && request.operation !== "UPDATE") return;
  const next = objectOf<Node>(request);
  const old = created ? undefined : oldObjectOf<Node>(request);
  if (next.spec?.configSource !== undefined && !deepEqual(next.spec.configSource, old?.spec?.configSource)) {
    if (created) throw refuse(request, `${who} is not allowed to create pods with a non-nil configSource`);
    throw refuse(request, `${who} is not allowed to update configSource to a new non-nil configSource`);
  }
  if (old !== undefined && !deepEqual(next.spec?.taints ?? [], old.spec?.taints ?? [])) {
    throw refuse(request, `${who} is not allowed to modify taints`);
  }
  if (old !== undefined && !deepEqual(next.metadata?.ownerReferences ?? [], old.metadata?.ownerReferences ?? [])) {
    throw refuse(request, `${who} is not allowed to modify ownerReferences`);
  }
  const labels = forbiddenLabels(next.metadata?.labels ?? {}, old?.metadata?.labels ?? {});
  if (labels.length === 0) return;
  const list = labels.sort().join(", ");
  if (created) throw refuse(request, `${who} is not allowed to set the following labels: ${list}`);
  throw refuse(request, `is not allowed to modify labels: ${list}`);
}

function forbiddenLabels(next: Record<string, string>, old: Record<string, string>): string[] {
  const keys = new Set([...Object.keys(next), ...Object.keys(old)]);
  return [...keys].filter((key) => valueAt(next, key) !== valueAt(old, key) && !mayKubeletSet(key));
}

function mayKubeletSet(label: string): boolean {
  const slash = label.indexOf("/");
  const domain = slash < 0 ? "" : label.slice(0, slash);
  const within = (parent: string): boolean => domain === parent || domain.endsWith(`.${parent}`);
  if (within(restrictedDomain)) return false;
  if (!within("kubernetes.io") && !within("k8s.io")) return true;
  return kubeletLabels.has(label) || kubeletLabelDomains.some(within);
}
