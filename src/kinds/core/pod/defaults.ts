/** Defaults of a Pod beyond those of a pod template (SetDefaults_Pod). */
import type { Container, Pod } from "../../generated/core-v1.ts";
import { applyPodLevelResourceDefaults } from "./pod-level-resources.ts";
import { applyPodSpecDefaults } from "./template-defaults.ts";

export function applyPodDefaults(pod: Pod): void {
  pod.spec ??= { containers: [] };
  const spec = pod.spec;
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  containers.forEach(requestWhatIsLimited);
  applyPodLevelResourceDefaults(spec);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork) containers.forEach(exposeOnHost);
  applyPodSpecDefaults(spec);
  // In a pod, not in a template: upstream's conversion.
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1;
  pod.status ??= {};
  const { podIP, podIPs } = pod.status;
  // Upstream's conversion, which keeps only the list: where the two differ, the older field counts.
  if (podIP && podIP !== podIPs?.[0]?.ip) pod.status.podIPs = [{ ip: podIP }];
  else if (podIPs?.[0]) pod.status.podIP = podIPs[0].ip;
}

function requestWhatIsLimited({ resources }: Container): void {
  if (resources?.limits !== undefined) resources.requests = { ...resources.limits, ...resources.requests };
}

function exposeOnHost({ ports }: Container): void {
  for (const port of ports ?? []) port.hostPort ||= port.containerPort;
}
