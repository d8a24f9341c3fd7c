/** Whether a pod may run on this node at all; what upstream's admission handlers refuse, with their reasons. */

import { isSidecar } from "../../kinds/core/pod/container-aggregation.ts";
import { safeSysctls } from "../../kinds/core/pod/safe-sysctls.ts";
import type { ContainerPort, Node, Pod } from "../../kinds/generated/core-v1.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import { amountOf, podRequests } from "../resources/pod-resources.ts";
import type { Verdict } from "./pod-worker.ts";

/** `others`: the pods that the node runs already. */
export function admitPod(pod: Pod, others: Iterable<Pod>, node: Node | undefined): Verdict | undefined {
  const running = [...others];
  return (
    checkSystem(pod) ??
    checkSysctls(pod) ??
    checkSelector(pod, node) ??
    checkPorts(pod, running) ??
    checkResources(pod, running, node)
  );
}

const countedReasons = new Set([
  "Evicted",
  "OutOfcpu",
  "OutOfephemeral-storage",
  "OutOfmemory",
  "OutOfpods",
  "PodOSNotSupported",
  "SysctlForbidden",
]);

/** What upstream's metrics call a refusal: reasons that anybody can make up are not told apart. */
export function countedReason({ reason }: Verdict): string {
  if (countedReasons.has(reason)) return reason;
  return reason.startsWith("OutOf") ? "OutOfExtendedResources" : "Other";
}

function checkSystem({ spec }: Pod): Verdict | undefined {
  if (spec?.os === undefined || spec.os.name === "linux") return undefined;
  return { reason: "PodOSNotSupported", message: "Failed to admit pod as the OS field doesn't match node OS" };
}

function checkSysctls(pod: Pod): Verdict | undefined {
  const forbidden = (pod.spec?.securityContext?.sysctls ?? []).find(
    ({ name }) => !safeSysctls.has(name.replaceAll("/", ".")),
  );
  if (forbidden === undefined) return undefined;
  return { reason: "SysctlForbidden", message: `forbidden sysctl: "${forbidden.name}" not allowlisted` };
}

function checkSelector(pod: Pod, node: Node | undefined): Verdict | undefined {
  const labels = node?.metadata?.labels;
  if (labels === undefined) return undefined;
  const missing = Object.entries(pod.spec?.nodeSelector ?? {}).some(([key, value]) => valueAt(labels, key) !== value);
  if (!missing) return undefined;
  return {
    reason: "NodeAffinity",
    message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  };
}

/** A pod that was bound past the scheduler may want a port of the node that another has. */
function checkPorts(pod: Pod, others: readonly Pod[]): Verdict | undefined {
  const wanted = hostPorts(pod);
  if (wanted.length === 0) return undefined;
  const taken = others.flatMap(hostPorts);
  if (!wanted.some((port) => taken.some((other) => portsConflict(port, other)))) return undefined;
  return {
    reason: "NodePorts",
    message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
  };
}

function hostPorts({ spec }: Pod): ContainerPort[] {
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? []).filter(isSidecar)];
  return containers.flatMap(({ ports = [] }) => ports.filter(({ hostPort = 0 }) => hostPort > 0));
}

function portsConflict(one: ContainerPort, other: ContainerPort): boolean {
  if (one.hostPort !== other.hostPort || (one.protocol ?? "TCP") !== (other.protocol ?? "TCP")) return false;
  const addresses = [one.hostIP || "0.0.0.0", other.hostIP || "0.0.0.0"];
  return addresses.includes("0.0.0.0") || addresses[0] === addresses[1];
}

function checkResources(pod: Pod, others: readonly Pod[], node: Node | undefined): Verdict | undefined {
  const allocatable = node?.status?.allocatable;
  if (allocatable === undefined) return undefined;
  const wanted = podRequests(pod);
  for (const [name, amount] of Object.entries({ ...wanted, pods: 1 })) {
    if (amount === 0) continue;
    const capacity = amountOf(name, valueAt(allocatable, name) ?? "0");
    const used = others.reduce(
      (sum, other) => sum + (name === "pods" ? 1 : (valueAt(podRequests(other), name) ?? 0)),
      0,
    );
    if (used + amount <= capacity) continue;
    const message = `Node didn't have enough resource: ${name}, requested: ${amount}, used: ${used}, capacity: ${capacity}`;
    return { reason: `OutOf${name}`, message };
  }
  return undefined;
}
