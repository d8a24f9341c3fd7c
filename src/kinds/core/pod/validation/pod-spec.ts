/** The specification of a pod or pod template, put together from the checks of its parts. */
import {
  type FieldError,
  fieldNotFound,
  forbiddenField,
  invalidValue,
  required,
} from "../../../../machinery/errors/field-error.ts";
import { validateAnnotations, validateLabels } from "../../../../machinery/validation/metadata.ts";
import {
  inclusiveRangeError,
  isDns1123Label,
  isDns1123Subdomain,
  isQualifiedName,
} from "../../../../machinery/validation/names.ts";
import { checkEach, checkOneOf, checkOptionalOneOf, checkText, checkUnique } from "../../../field-checks.ts";
import type { Container, PodSpec, PodTemplateSpec } from "../../../generated/core-v1.ts";
import type { ObjectMeta } from "../../../generated/meta-v1.ts";
import { validateAffinity, validateTopologySpread } from "./affinity.ts";
import { validateContainers, validateEphemeralContainers, validateInitContainers } from "./containers.ts";
import { validateHostAliases, validatePodDns } from "./dns.ts";
import { validateContainerResources, validatePodResources } from "./resources.ts";
import { validateHostUsers, validatePodSecurityContext } from "./security-context.ts";
import { validateTolerations } from "./tolerations.ts";
import { validateVolumes } from "./volumes.ts";

const maximumInt32 = 2 ** 31 - 1;

/** `metadata` is undefined for templates, whose pods' names are not known yet. */
export function validatePodSpec(spec: PodSpec, metadata: ObjectMeta | undefined, path: string): FieldError[] {
  const volumes = validateVolumes(spec.volumes, metadata?.name ?? "", `${path}.volumes`);
  const claimNames = new Set((spec.resourceClaims ?? []).map(({ name }) => name));
  const rules = {
    volumes: volumes.known,
    claimNames,
    gracePeriod: spec.terminationGracePeriodSeconds,
    os: spec.os?.name,
    hostUsers: spec.hostUsers ?? true,
    restartPolicy: spec.restartPolicy,
  };
  const { containers = [], initContainers = [], ephemeralContainers } = spec;
  return [
    ...volumes.errors,
    ...validateResourceClaims(spec, `${path}.resourceClaims`),
    ...validateContainers(containers, `${path}.containers`, rules),
    ...validateInitContainers(initContainers, containers, `${path}.initContainers`, rules),
    ...validateEphemeralContainers(
      ephemeralContainers,
      [...containers, ...initContainers],
      `${path}.ephemeralContainers`,
      rules,
    ),
    ...validatePodResources(spec, claimNames, path),
    ...validateHostNetworkPorts(spec, metadata !== undefined, path),
    ...checkOneOf(`${path}.restartPolicy`, spec.restartPolicy, ["Always", "OnFailure", "Never"]),
    ...checkOneOf(`${path}.dnsPolicy`, spec.dnsPolicy, ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]),
    ...validateLabels(spec.nodeSelector, `${path}.nodeSelector`),
    ...validatePodSecurityContext(spec, `${path}.securityContext`),
    ...validateAffinity(spec.affinity, `${path}.affinity`),
    ...validatePodDns(spec, `${path}.dnsConfig`),
    ...validateGates(spec, path),
    ...validateTopologySpread(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`),
    ...validateHostUsers(spec, path),
    ...validateNames(spec, path),
    ...validateTolerations(spec.tolerations, `${path}.tolerations`),
    ...validateHostAliases(spec.hostAliases, `${path}.hostAliases`),
    ...validateScalars(spec, path),
    ...validateFileKeyVolumes(spec, path),
  ];
}

export function validatePodTemplate(template: PodTemplateSpec, path: string): FieldError[] {
  const { metadata, spec = { containers: [] } } = template;
  const errors = [
    ...validateLabels(metadata?.labels, `${path}.labels`),
    ...validateAnnotations(metadata?.annotations, `${path}.annotations`),
    ...validatePodSpec(spec, undefined, `${path}.spec`),
  ];
  if (spec.ephemeralContainers?.length) {
    const detail = "ephemeral containers not allowed in pod template";
    errors.push(forbiddenField(`${path}.spec.ephemeralContainers`, detail));
  }
  return errors;
}

function validateResourceClaims({ resourceClaims }: PodSpec, path: string): FieldError[] {
  return [
    ...checkEach(resourceClaims, path, (claim, place) => {
      const { name, resourceClaimName, resourceClaimTemplateName } = claim;
      const errors = name ? checkText(`${place}.name`, name, isDns1123Label) : [required(`${place}.name`)];
      if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined) {
        const detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified";
        errors.push(invalidValue(place, claim, detail));
      }
      if (resourceClaimName === undefined && resourceClaimTemplateName === undefined) {
        const detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`";
        errors.push(invalidValue(place, claim, detail));
      }
      return errors;
    }),
    ...checkUnique(resourceClaims, path, ".name", ({ name }) => name),
  ];
}

function validateHostNetworkPorts(spec: PodSpec, isPod: boolean, path: string): FieldError[] {
  if (!spec.hostNetwork) return [];
  return checkEach(spec.containers, `${path}.containers`, ({ ports }, place) =>
    checkEach(ports, `${place}.ports`, ({ hostPort = 0, containerPort }, portPath) =>
      (isPod || hostPort !== 0) && hostPort !== containerPort
        ? [invalidValue(`${portPath}.hostPort`, hostPort, "must match `containerPort` when `hostNetwork` is true")]
        : [],
    ),
  );
}

function validateGates({ readinessGates, schedulingGates }: PodSpec, path: string): FieldError[] {
  return [
    ...checkEach(readinessGates, `${path}.readinessGates`, ({ conditionType }, place) =>
      checkText(`${place}.conditionType`, conditionType, isQualifiedName),
    ),
    ...checkEach(schedulingGates, `${path}.schedulingGates`, ({ name }, place) =>
      checkText(place, name, isQualifiedName),
    ),
    ...checkUnique(schedulingGates, `${path}.schedulingGates`, "", ({ name }) => name),
  ];
}

function validateNames(spec: PodSpec, path: string): FieldError[] {
  const subdomains = ["serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"] as const;
  const labels = ["hostname", "subdomain"] as const;
  const errors: FieldError[] = [];
  for (const field of subdomains) {
    if (spec[field]) errors.push(...checkText(`${path}.${field}`, spec[field], isDns1123Subdomain));
  }
  for (const field of labels)
    if (spec[field]) errors.push(...checkText(`${path}.${field}`, spec[field], isDns1123Label));
  const { hostnameOverride } = spec;
  if (hostnameOverride === undefined) return errors;
  const place = `${path}.hostnameOverride`;
  const detail = "may not be specified when";
  if (spec.setHostnameAsFQDN) errors.push(forbiddenField(place, `${detail} setHostnameAsFQDN is true`));
  if (spec.hostNetwork) errors.push(forbiddenField(place, `${detail} hostNetwork is true`));
  return [...errors, ...checkText(place, hostnameOverride, isDns1123Subdomain)];
}

function validateScalars(spec: PodSpec, path: string): FieldError[] {
  const { activeDeadlineSeconds: deadline, overhead, os } = spec;
  const errors: FieldError[] = [];
  if (deadline !== undefined && (deadline < 1 || deadline > maximumInt32)) {
    errors.push(invalidValue(`${path}.activeDeadlineSeconds`, deadline, inclusiveRangeError(1, maximumInt32)));
  }
  const policies = ["PreemptLowerPriority", "Never"];
  errors.push(...checkOptionalOneOf(`${path}.preemptionPolicy`, spec.preemptionPolicy, policies));
  if (overhead !== undefined) {
    errors.push(...validateContainerResources({ limits: overhead }, new Set(), `${path}.overhead`));
  }
  if (os !== undefined) {
    if (!os.name) errors.push(required(`${path}.os.name`));
    else errors.push(...checkOptionalOneOf(`${path}.os`, os.name, ["linux", "windows"]));
  }
  return errors;
}

/** Variables from files come from an emptyDir that an init container fills. */
function validateFileKeyVolumes(spec: PodSpec, path: string): FieldError[] {
  const check = (containers: readonly Container[] | undefined, place: string): FieldError[] =>
    checkEach(containers, place, ({ env }, container) =>
      checkEach(env, `${container}.env`, ({ valueFrom }, variable) => {
        const name = valueFrom?.fileKeyRef?.volumeName;
        if (name === undefined) return [];
        const field = `${variable}.valueFrom.fileKeyRef.volumeName`;
        const volume = spec.volumes?.find((one) => one.name === name);
        if (volume === undefined) return [fieldNotFound(field, name)];
        const detail = "referenced volume must be of type emptyDir";
        return volume.emptyDir === undefined ? [invalidValue(field, name, detail)] : [];
      }),
    );
  return [...check(spec.initContainers, `${path}.initContainers`), ...check(spec.containers, `${path}.containers`)];
}
