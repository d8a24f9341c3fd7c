/**
 * The Pod Security Standards as namespaces' labels ask for them: `enforce` refuses pods, `warn` warns, also about the
 * pod templates of workloads. Fed by admission requests and the namespaces in the cache. All versions are checked as
 * the latest one.
 */
import type { Namespace, Pod, PodSpec, PodTemplateSpec } from "../../../kinds/generated/core-v1.ts";
import { deepEqual } from "../../../machinery/meta/accessors.ts";
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from "../../types.ts";
import { concerns, objectOf, oldObjectOf, refuse } from "../request.ts";
import { baselineChecks } from "./baseline.ts";
import { allContainers, type CheckedPod } from "./check.ts";
import { restrictedChecks } from "./restricted.ts";

type Level = "privileged" | "baseline" | "restricted";

interface Policy {
  readonly level: Level;
  readonly version: string;
}

const labelPrefix = "pod-security.kubernetes.io/";
const levels: readonly Level[] = ["privileged", "baseline", "restricted"];
const isLevel = (text: string): text is Level => (levels as readonly string[]).includes(text);

/** A level that is no level counts as the strictest for enforce, and as none for warn, as upstream. */
function policyOf(labels: Readonly<Record<string, string>>, mode: "enforce" | "warn"): Policy {
  const text = labels[`${labelPrefix}${mode}`];
  const version = labels[`${labelPrefix}${mode}-version`];
  if (text !== undefined) {
    const level = isLevel(text) ? text : mode === "enforce" ? "restricted" : "privileged";
    return { level, version: version ?? "latest" };
  }
  // Who enforces is also warned, about what only warns.
  if (mode === "warn" && isLevel(labels[`${labelPrefix}enforce`] ?? "")) {
    const enforced = policyOf(labels, "enforce");
    return { ...enforced, version: version ?? enforced.version };
  }
  return { level: "privileged", version: version ?? "latest" };
}

/** `reason (detail), reason (detail)`; undefined where the pod passes. */
function violations({ level }: Policy, pod: CheckedPod): string | undefined {
  if (level === "privileged") return undefined;
  const checks = level === "baseline" ? baselineChecks : restrictedChecks;
  const found = checks.flatMap((check) => check(pod) ?? []);
  if (found.length === 0) return undefined;
  return found.map(({ reason, detail }) => (detail === "" ? reason : `${reason} (${detail})`)).join(", ");
}

const phrase = ({ level, version }: Policy, found: string): string =>
  `violate PodSecurity "${level}:${version}": ${found}`;

export function podSecurity(reader: ObjectReader): AdmissionPlugin {
  const labelsOf = (namespace: string): Readonly<Record<string, string>> =>
    reader.get<Namespace>("", "namespaces", "", namespace)?.metadata?.labels ?? {};

  function checkPod(request: AdmissionRequest, { metadata, spec }: Pod): void {
    if (spec === undefined) return;
    const labels = labelsOf(request.namespace);
    const enforce = policyOf(labels, "enforce");
    const pod = { annotations: metadata?.annotations ?? {}, spec };
    const refused = violations(enforce, pod);
    if (refused !== undefined) throw refuse(request, phrase(enforce, refused).replace("violate", "violates"));
    warnAbout(request, labels, pod);
  }

  function warnAbout(request: AdmissionRequest, labels: Readonly<Record<string, string>>, pod: CheckedPod): void {
    const policy = policyOf(labels, "warn");
    const found = violations(policy, pod);
    if (found !== undefined) request.warn(`would ${phrase(policy, found)}`);
  }

  return {
    name: "PodSecurity",
    validate(request) {
      const { operation } = request;
      if (operation !== "CREATE" && operation !== "UPDATE") return;
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
