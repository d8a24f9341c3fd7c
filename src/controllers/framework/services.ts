import { objectKey } from "../../client/object-cache.ts";
import { services } from "../../client/resources.ts";
import { isSidecar } from "../../kinds/core/pod/container-aggregation.ts";
import type { Pod, Service, ServicePort } from "../../kinds/generated/core-v1.ts";
import { labelSelectorFromSet } from "../../machinery/selectors/label-selector.ts";
import { sameJson } from "./canonical-json.ts";
import type { Change, ControllerContext } from "./define-controller.ts";

/** Whether a Service has endpoints that are computed from pods. */
export const selectsPods = (service: Service): boolean =>
  service.spec?.selector !== undefined && service.spec.type !== "ExternalName";

/** Keys of the Services that a change of a pod concerns, by its labels before and after. */
export function servicesOfPod(
  pod: Pod,
  context: ControllerContext,
  { old }: Change & { readonly old?: Pod },
): string[] {
  if (old !== undefined && sameEndpoint(pod, old)) return [];
  const candidates = context.lister(services).list(pod.metadata?.namespace);
  return candidates
    .filter((service) => {
      if (!selectsPods(service)) return false;
      const selector = labelSelectorFromSet(service.spec?.selector ?? {});
      return [pod, old].some((version) => version !== undefined && selector.matches(version.metadata?.labels ?? {}));
    })
    .map(objectKey);
}

function sameEndpoint(pod: Pod, old: Pod): boolean {
  const parts = ({ metadata, spec, status }: Pod): unknown => [
    metadata?.labels,
    metadata?.deletionTimestamp,
    spec?.nodeName,
    status?.phase,
    status?.podIPs,
    status?.conditions?.find(({ type }) => type === "Ready")?.status,
  ];
  return sameJson(parts(pod), parts(old));
}

/** The pod's port that a Service port leads to; undefined where a named port is missing. */
export function targetPort(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === "number") return target === 0 ? port.port : target;
  const sidecars = (pod.spec?.initContainers ?? []).filter(isSidecar);
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const { name, protocol = "TCP", containerPort } of container.ports ?? []) {
      if (name === target && protocol === (port.protocol ?? "TCP")) return containerPort;
    }
  }
  return undefined;
}

/** Upstream's ShouldSetHostname: the pod's own DNS name under a headless Service. */
export function endpointHostname(pod: Pod, service: Service): string | undefined {
  const { hostname, subdomain } = pod.spec ?? {};
  return hostname && subdomain === service.metadata?.name ? hostname : undefined;
}
