/**
 * The Pod Security Standards as namespaces' labels ask for them: `enforce` refuses pods, `warn` warns, also about the
 * pod templates of workloads. Fed by admission requests and the namespaces in the cache. All versions are checked as
 * the latest one.
 */
import { allContainers } from "../../../kinds/core/pod/all-containers.ts";
import type { Namespace, Pod, PodSpec, PodTemplateSpec } from "../../../kinds/generated/core-v1.ts";
import { invalid } from "../../../machinery/errors/status-error.ts";
import { deepEqual } from "../../../machinery/meta/accessors.ts";
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from "../../types.ts";
import { concerns, objectOf, oldObjectOf, refuse } from "../request.ts";
import type { CheckedPod, Violation } from "./check.ts";
import { describe, formatPolicy, isStricter, labelErrors, type Policy, policyOf, violationsOf } from "./policy.ts";

const violation = (policy: Policy, found: readonly Violation[]): string =>
  `violate PodSecurity ${JSON.stringify(formatPolicy(policy))}: ${describe(found)}`;

/** How many pods of a namespace are looked at when its level rises; upstream's limit. */
const checkedPods = 3000;

export function podSecurity(reader: ObjectReader): AdmissionPlugin {
  const labelsOf = (namespace: string): Readonly<Record<string, string>> =>
    reader.get<Namespace>("", "namespaces", "", namespace)?.metadata?.labels ?? {};

  function checkPod(request: AdmissionRequest, { metadata, spec }: Pod): void {
    if (spec === undefined) return;
    const labels = labelsOf(request.namespace);
    const enforce = policyOf(labels, "enforce");
    request.annotate?.("pod-security.kubernetes.io/enforce-policy", formatPolicy(enforce));
    const pod = { annotations: metadata?.annotations ?? {}, spec };
    const refused = violationsOf(enforce, pod);
    if (refused.length > 0) throw refuse(request, violation(enforce, refused).replace("violate", "violates"));
    warnAbout(request, labels, pod);
  }

  function warnAbout(request: AdmissionRequest, labels: Readonly<Record<string, string>>, pod: CheckedPod): void {
    const policy = policyOf(labels, "warn");
    const found = violationsOf(policy, pod);
    if (found.length > 0) request.warn(`would ${violation(policy, found)}`);
    const audit = policyOf(labels, "audit");
    const noted = request.annotate === undefined ? [] : violationsOf(audit, pod);
    if (noted.length === 0) return;
    request.annotate?.("pod-security.kubernetes.io/audit-violations", `would ${violation(audit, noted)}`);
  }

  function checkNamespace(request: AdmissionRequest): void {
    const labels = request.object?.metadata?.labels ?? {};
    const errors = labelErrors(labels);
    if (errors.length > 0) throw invalid({ group: "", kind: "Namespace" }, request.name, errors);
    if (request.operation !== "UPDATE") return;
    const policy = policyOf(labels, "enforce");
    if (!isStricter(policy, policyOf(request.oldObject?.metadata?.labels ?? {}, "enforce"))) return;
    for (const warning of existingViolations(request.name, policy)) request.warn(warning);
  }

  /** Warnings about pods that a stricter level would not let in any more, those with the same violations together. */
  function existingViolations(namespace: string, policy: Policy): string[] {
    const podsByReason = new Map<string, string[]>();
    for (const { metadata, spec } of reader.list<Pod>("", "pods", namespace).slice(0, checkedPods)) {
      if (spec === undefined) continue;
      const found = violationsOf(policy, { annotations: metadata?.annotations ?? {}, spec });
      const reason = found.map((one) => one.reason).join(", ");
      if (found.length > 0) podsByReason.set(reason, [...(podsByReason.get(reason) ?? []), metadata?.name ?? ""]);
    }
    if (podsByReason.size === 0) return [];
    const lines = [...podsByReason].map(([reason, names]) => {
      const others = names.length - 1;
      const more = others === 0 ? "" : ` (and ${others} other ${others === 1 ? "pod" : "pods"})`;
      return `${names.sort()[0]}${more}: ${reason}`;
    });
    const level = JSON.stringify(formatPolicy(policy));
    const where = `existing pods in namespace ${JSON.stringify(namespace)}`;
    return [`${where} violate the new PodSecurity enforce level ${level}`, ...lines.sort()];
  }

  return {
    name: "PodSecurity",
    validate(request) {
      const { operation } = request;
      if (operation !== "CREATE" && operation !== "UPDATE") return;
      if (concerns(request, "", "namespaces")) return checkNamespace(request);
      if (isPodWrite(request)) {
        const pod = objectOf<Pod>(request);
        if (operation === "CREATE" || changesSecurity(pod, oldObjectOf<Pod | undefined>(request)))
          checkPod(request, pod);
        return;
      }
      const template = podTemplateOf(request);
      if (template?.spec === undefined) return;
      const pod = { annotations: template.metadata?.annotations ?? {}, spec: template.spec };
      warnAbout(request, labelsOf(request.namespace), pod);
    },
  };
}

const isPodWrite = (request: AdmissionRequest): boolean =>
  concerns(request, "", "pods") || concerns(request, "", "pods", { subresource: "ephemeralcontainers" });

/** Of what an update may change, images and ephemeral containers matter. */
function changesSecurity({ spec }: Pod, old: Pod | undefined): boolean {
  if (spec === undefined || old?.spec === undefined) return true;
  const relevant = (one: PodSpec): unknown =>
    allContainers(one).map(({ name, image, securityContext }) => [name, image, securityContext]);
  return !deepEqual(relevant(spec), relevant(old.spec));
}

const workloads: Readonly<Record<string, readonly string[]>> = {
  "": ["replicationcontrollers"],
  apps: ["deployments", "replicasets", "statefulsets", "daemonsets"],
  batch: ["jobs"],
};

function podTemplateOf(request: AdmissionRequest): PodTemplateSpec | undefined {
  const { kind, subresource } = request;
  if (subresource !== "") return undefined;
  if (kind.group === "" && kind.plural === "podtemplates") {
    return objectOf<{ template?: PodTemplateSpec }>(request).template;
  }
  if (kind.group === "batch" && kind.plural === "cronjobs") {
    const { spec } = objectOf<{ spec?: { jobTemplate?: { spec?: { template?: PodTemplateSpec } } } }>(request);
    return spec?.jobTemplate?.spec?.template;
  }
  if (!workloads[kind.group]?.includes(kind.plural)) return undefined;
  return objectOf<{ spec?: { template?: PodTemplateSpec } }>(request).spec?.template;
}
