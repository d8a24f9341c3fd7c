/** Validation of pods (upstream's ValidatePodCreate, ValidatePodUpdate, ValidatePodStatusUpdate). */
import { type FieldError, forbiddenField, invalidValue } from "../../../machinery/errors/field-error.ts";
import { inclusiveRangeError, isDns1123Subdomain, isQualifiedName } from "../../../machinery/validation/names.ts";
import { checkEach, checkImmutable, checkText } from "../../field-checks.ts";
import { describeDifference } from "../../field-difference.ts";
import type { Container, ContainerStatus, Pod, PodSpec } from "../../generated/core-v1.ts";
import { checkIP, isIPv6Address } from "../../ip-checks.ts";
import { semanticEqual } from "../../semantic-equal.ts";
import { isSidecar } from "./container-aggregation.ts";
import { mirrorPodAnnotation } from "./mirror-pod.ts";
import { validateImageSpaces } from "./validation/containers.ts";
import { validatePodSpec } from "./validation/pod-spec.ts";
import { validateOnlyAddedTolerations } from "./validation/tolerations.ts";

const maximumInt32 = 2 ** 31 - 1;
const updatable = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
];

const specOf = (pod: Pod): PodSpec => pod.spec ?? { containers: [] };

export function validatePod(pod: Pod): FieldError[] {
  const spec = specOf(pod);
  const errors = validatePodSpec(spec, pod.metadata ?? {}, "spec");
  errors.push(...validateMirror(pod));
  if (!spec.serviceAccountName) errors.push(...forbidTokens(spec));
  errors.push(
    ...checkEach(spec.containers, "spec.containers", validateImageSpaces),
    ...checkEach(spec.initContainers, "spec.initContainers", validateImageSpaces),
  );
  const isNew = !pod.metadata?.resourceVersion;
  if (isNew && spec.ephemeralContainers?.length) {
    errors.push(forbiddenField("spec.ephemeralContainers", "cannot be set on create"));
  }
  if (isNew && spec.nodeName && spec.schedulingGates?.length) {
    errors.push(forbiddenField("spec.nodeName", "cannot be set until all schedulingGates have been cleared"));
  }
  return errors;
}

function validateMirror({ metadata, spec }: Pod): FieldError[] {
  if (metadata?.annotations?.[mirrorPodAnnotation] === undefined || spec?.nodeName) return [];
  const path = `metadata.annotations[${mirrorPodAnnotation}]`;
  return [invalidValue(path, "", "must set spec.nodeName if mirror pod annotation is set")];
}

function forbidTokens({ volumes }: PodSpec): FieldError[] {
  return checkEach(volumes, "spec.volumes", ({ projected }, place) =>
    checkEach(projected?.sources, `${place}.projected.sources`, ({ serviceAccountToken }, source) =>
      serviceAccountToken === undefined
        ? []
        : [forbiddenField(`${source}.serviceAccountToken`, "must not be specified when serviceAccountName is not set")],
    ),
  );
}

export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const spec = specOf(pod);
  const before = specOf(old);
  const errors = validateMirrorUnchanged(pod, old);
  for (const field of ["containers", "initContainers"] as const) {
    if ((spec[field] ?? []).length === (before[field] ?? []).length) continue;
    errors.push(forbiddenField(`spec.${field}`, "pod updates may not add or remove containers"));
    return errors;
  }
  errors.push(
    ...validateDeadline(spec.activeDeadlineSeconds, before.activeDeadlineSeconds),
    ...validateOnlyAddedTolerations(spec.tolerations, before.tolerations, "spec.tolerations"),
    ...validateOnlyFewerGates(spec, before),
  );
  const rest = withMutableFieldsOf(spec, before);
  if (!semanticEqual(rest, before)) {
    const difference = describeDifference(before, rest);
    const detail = `pod updates may not change fields other than ${updatable.join(",")}\n${difference}`;
    errors.push(forbiddenField("spec", detail));
  }
  return errors;
}

function validateMirrorUnchanged(pod: Pod, old: Pod): FieldError[] {
  const now = pod.metadata?.annotations?.[mirrorPodAnnotation];
  const before = old.metadata?.annotations?.[mirrorPodAnnotation];
  if (now === before) return [];
  const change = before === undefined ? "may not add" : "may not remove or update";
  return [forbiddenField(`metadata.annotations[${mirrorPodAnnotation}]`, `${change} mirror pod annotation`)];
}

function validateDeadline(now: number | undefined, before: number | undefined): FieldError[] {
  const path = "spec.activeDeadlineSeconds";
  if (now === undefined) {
    return before === undefined
      ? []
      : [invalidValue(path, undefined, "must not update from a positive integer to nil value")];
  }
  const errors: FieldError[] = [];
  if (now < 0 || now > maximumInt32) errors.push(invalidValue(path, now, inclusiveRangeError(0, maximumInt32)));
  if (before !== undefined && before < now) {
    errors.push(invalidValue(path, now, "must be less than or equal to previous value"));
  }
  return errors;
}

function validateOnlyFewerGates({ schedulingGates }: PodSpec, before: PodSpec): FieldError[] {
  const known = new Set((before.schedulingGates ?? []).map(({ name }) => name));
  return checkEach(schedulingGates, "spec.schedulingGates", ({ name }, place) =>
    known.has(name)
      ? []
      : [forbiddenField(`${place}.name`, `only deletion is allowed, but found new scheduling gate '${name}'`)],
  );
}

/** The new spec with every field that may change set back; of gated pods also what the scheduler has not used yet. */
function withMutableFieldsOf(spec: PodSpec, before: PodSpec): PodSpec {
  const images = (now: readonly Container[] | undefined, old: readonly Container[] | undefined) =>
    now?.map((container, index) => ({ ...container, image: old?.[index]?.image }));
  const period = spec.terminationGracePeriodSeconds;
  const mayShorten = (before.terminationGracePeriodSeconds ?? 0) < 0 && period === 1;
  const gated = (before.schedulingGates ?? []).length > 0;
  return {
    ...spec,
    containers: images(spec.containers, before.containers) ?? [],
    initContainers: images(spec.initContainers, before.initContainers),
    activeDeadlineSeconds: before.activeDeadlineSeconds,
    schedulingGates: before.schedulingGates,
    tolerations: before.tolerations,
    terminationGracePeriodSeconds: mayShorten ? before.terminationGracePeriodSeconds : period,
    ...(gated ? { nodeSelector: before.nodeSelector, affinity: withNodeAffinityOf(spec, before) } : {}),
  };
}

function withNodeAffinityOf({ affinity }: PodSpec, before: PodSpec): PodSpec["affinity"] {
  return { ...affinity, nodeAffinity: before.affinity?.nodeAffinity };
}

export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const { status = {} } = pod;
  const before = old.status ?? {};
  const errors = validateMirrorUnchanged(pod, old);
  errors.push(
    ...checkEach(status.conditions, "status.conditions", ({ type }, place) =>
      ["PodScheduled", "Ready", "Initialized"].includes(type) ? [] : checkText(`${place}.Type`, type, isQualifiedName),
    ),
  );
  const { nominatedNodeName } = status;
  if (nominatedNodeName && nominatedNodeName !== before.nominatedNodeName) {
    errors.push(...checkText("status.nominatedNodeName", nominatedNodeName, isDns1123Subdomain));
    if (old.spec?.nodeName) {
      const detail = "may not be set on pods that are already bound to a node";
      errors.push(forbiddenField("status.nominatedNodeName", detail));
    }
  }
  return [
    ...errors,
    ...checkImmutable("status.qosClass", status.qosClass, before.qosClass),
    ...validateNoRevival(status.containerStatuses, before.containerStatuses, "status.containerStatuses", old),
    ...validateNoRevival(
      status.initContainerStatuses,
      before.initContainerStatuses,
      "status.initContainerStatuses",
      old,
    ),
    ...validatePodIPs(status.podIPs),
  ];
}

/** A container that ended for good, by its restart policy, does not run again. */
function validateNoRevival(
  now: readonly ContainerStatus[] | undefined,
  before: readonly ContainerStatus[] | undefined,
  path: string,
  { spec }: Pod,
): FieldError[] {
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  return checkEach(before, path, ({ name, state }, place) => {
    const exitCode = state?.terminated?.exitCode;
    if (exitCode === undefined) return [];
    const container = containers.find((one) => one.name === name);
    if (container !== undefined && mayRestart(container, spec?.restartPolicy, exitCode)) return [];
    const revived = now?.some((one) => one.name === name && one.state?.terminated === undefined);
    return revived ? [forbiddenField(`${place}.state`, "may not be transitioned to non-terminated state")] : [];
  });
}

function mayRestart(container: Container, podPolicy: string | undefined, exitCode: number): boolean {
  if (isSidecar(container)) return true;
  for (const { action, exitCodes } of container.restartPolicyRules ?? []) {
    const listed = exitCodes?.values?.includes(exitCode) ?? false;
    if (action === "Restart" && listed === (exitCodes?.operator === "In")) return true;
  }
  const policy = container.restartPolicy ?? podPolicy;
  return policy === "Always" || (policy === "OnFailure" && exitCode !== 0);
}

function validatePodIPs(podIPs: readonly { ip: string }[] | undefined): FieldError[] {
  const errors = checkEach(podIPs, "status.podIPs", ({ ip }, place) => checkIP(place, ip));
  const families = new Set((podIPs ?? []).map(({ ip }) => isIPv6Address(ip)));
  if (families.size < (podIPs ?? []).length) {
    errors.push(invalidValue("status.podIPs", podIPs, "may specify no more than one IP for each IP family"));
  }
  return errors;
}
