/** The sandbox of a pod as the runtime is asked for it: names, DNS, host name, ports, namespaces, control group. */
import { join } from "node:path";
import { isSidecar } from "../../kinds/core/pod/container-aggregation.ts";
import type { Container, Pod } from "../../kinds/generated/core-v1.ts";
import type { DNSConfig, PodSandboxConfig, PortMapping, Protocol } from "../cri/generated/messages.ts";
import { kernelHostname, type PodHostname } from "./hosts-file.ts";
import { podUid, sandboxLabels } from "./labels.ts";
import { sandboxSecurityContext } from "./security-context.ts";

export interface SandboxInput {
  readonly pod: Pod;
  readonly attempt: number;
  readonly dns: DNSConfig;
  readonly name: PodHostname;
  readonly cgroupParent: string;
  readonly podLogs: string;
}

export function podLogDirectory(podLogs: string, pod: Pod): string {
  const { namespace = "", name = "" } = pod.metadata ?? {};
  return join(podLogs, `${namespace}_${name}_${podUid(pod)}`);
}

export function sandboxConfig({ pod, attempt, dns, name, cgroupParent, podLogs }: SandboxInput): PodSandboxConfig {
  const { metadata, spec } = pod;
  const portMappings = podPorts(pod);
  return {
    metadata: { name: metadata?.name, namespace: metadata?.namespace, uid: podUid(pod), attempt },
    labels: sandboxLabels(pod),
    annotations: { ...metadata?.annotations },
    dnsConfig: dns,
    logDirectory: podLogDirectory(podLogs, pod),
    ...(spec?.hostNetwork === true ? {} : { hostname: kernelHostname(pod, name) }),
    ...(portMappings.length > 0 ? { portMappings } : {}),
    linux: {
      cgroupParent,
      securityContext: sandboxSecurityContext(pod),
      sysctls: Object.fromEntries((spec?.securityContext?.sysctls ?? []).map(({ name, value }) => [name, value])),
    },
  };
}

function podPorts(pod: Pod): PortMapping[] {
  const containers: Container[] = [
    ...(pod.spec?.containers ?? []),
    ...(pod.spec?.initContainers ?? []).filter(isSidecar),
  ];
  if (pod.spec?.hostNetwork === true) return [];
  return containers.flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort }) => (hostPort ?? 0) > 0)
      .map(({ hostIP, hostPort, containerPort, protocol = "TCP" }) => ({
        protocol: protocol as Protocol,
        containerPort,
        hostPort,
        hostIp: hostIP ?? "",
      })),
  );
}
