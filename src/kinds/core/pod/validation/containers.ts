/** Containers, init containers and ephemeral containers of a pod. */
import {
  duplicate,
  type FieldError,
  fieldNotFound,
  forbiddenField,
  invalidValue,
  required,
  tooMany,
} from "../../../../machinery/errors/field-error.ts";
import { isDns1123Label, isPortName, isPortNumber } from "../../../../machinery/validation/names.ts";
import {
  checkEach,
  checkOneOf,
  checkOptionalOneOf,
  checkRequired,
  checkRequiredText,
  checkUnique,
} from "../../../field-checks.ts";
import type {
  Container,
  ContainerPort,
  ContainerResizePolicy,
  EphemeralContainer,
  Volume,
} from "../../../generated/core-v1.ts";
import { isSidecar } from "../container-aggregation.ts";
import { validateEnvironment } from "./environment.ts";
import { type ProbeRules, validateProbes } from "./probes.ts";
import { validateContainerResources } from "./resources.ts";
import { validateSecurityContext } from "./security-context.ts";
import { validateMounts } from "./volume-mounts.ts";

/** What containers are checked against. */
export interface ContainerRules extends ProbeRules {
  readonly volumes: ReadonlyMap<string, Volume>;
  readonly claimNames: ReadonlySet<string>;
  readonly hostUsers: boolean;
  readonly restartPolicy: string | undefined;
}

const mostRestartRules = 20;

export function validateContainers(
  containers: readonly Container[] | undefined,
  path: string,
  rules: ContainerRules,
): FieldError[] {
  if (!containers?.length) return [required(path)];
  return [
    ...checkEach(containers, path, (container, place) => [
      ...validateCommon(container, place, rules),
      ...validateProbes(container, place, rules),
      ...validateRestartPolicy(container, place),
    ]),
    ...checkUnique(containers, path, ".name", ({ name }) => name),
    ...validateHostPorts(containers, path),
  ];
}

export function validateInitContainers(
  containers: readonly Container[] | undefined,
  regular: readonly Container[] | undefined,
  path: string,
  rules: ContainerRules,
): FieldError[] {
  const names = new Set((regular ?? []).map(({ name }) => name));
  return checkEach(containers, path, (container, place) => {
    const errors = [...validateCommon(container, place, rules), ...validateRestartPolicy(container, place)];
    if (names.has(container.name)) errors.push(duplicate(`${place}.name`, container.name));
    else if (container.name) names.add(container.name);
    errors.push(...validateHostPorts([container], path));
    errors.push(...(isSidecar(container) ? validateProbes(container, place, rules) : forbidProbes(container, place)));
    return errors;
  });
}

function forbidProbes(container: Container, path: string): FieldError[] {
  const fields = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const;
  return fields
    .filter((field) => container[field] !== undefined)
    .map((field) =>
      forbiddenField(`${path}.${field}`, "may not be set for init containers without restartPolicy=Always"),
    );
}

/** Fields of a container that mean nothing for one that is only there to look around. */
const notForEphemeral = [
  "ports",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "lifecycle",
  "resizePolicy",
] as const;

export function validateEphemeralContainers(
  ephemeral: readonly EphemeralContainer[] | undefined,
  others: readonly Container[],
  path: string,
  rules: ContainerRules,
): FieldError[] {
  const targets = new Set(others.map(({ name }) => name));
  const names = new Set(targets);
  const detail = "cannot be set for an Ephemeral Container";
  return checkEach(ephemeral, path, (container, place) => {
    const errors = [...validateCommon(container, place, rules), ...validateImageSpaces(container, place)];
    if (names.has(container.name)) errors.push(duplicate(`${place}.name`, container.name));
    names.add(container.name);
    const { targetContainerName: target } = container;
    if (target && !targets.has(target)) errors.push(fieldNotFound(`${place}.targetContainerName`, target));
    for (const field of notForEphemeral) {
      if (container[field] !== undefined) errors.push(forbiddenField(`${place}.${field}`, detail));
    }
    if (Object.keys(container.resources ?? {}).length > 0) errors.push(forbiddenField(`${place}.resources`, detail));
    for (const [index, { subPath, subPathExpr }] of (container.volumeMounts ?? []).entries()) {
      if (subPath) errors.push(forbiddenField(`${place}.volumeMounts[${index}].subPath`, detail));
      if (subPathExpr) errors.push(forbiddenField(`${place}.volumeMounts[${index}].subPathExpr`, detail));
    }
    return errors;
  });
}

/** A pod, unlike a template, must name its images as they are pulled. */
export function validateImageSpaces({ image }: Pick<Container, "image">, path: string): FieldError[] {
  if (image === undefined || image.trim() === image) return [];
  return [invalidValue(`${path}.image`, image, "must not have leading or trailing whitespace")];
}

function validateCommon(container: Container, path: string, rules: ContainerRules): FieldError[] {
  return [
    ...checkRequiredText(`${path}.name`, container.name, isDns1123Label),
    ...checkRequired(`${path}.image`, container.image),
    ...checkOneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, [
      "FallbackToLogsOnError",
      "File",
    ]),
    ...validatePorts(container.ports, `${path}.ports`),
    ...validateEnvironment(container, path),
    ...validateMounts(container, rules.volumes, path),
    ...checkOneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, ["Always", "IfNotPresent", "Never"]),
    ...validateContainerResources(container.resources, rules.claimNames, `${path}.resources`),
    ...validateResizePolicy(container.resizePolicy, `${path}.resizePolicy`, rules.restartPolicy),
    ...validateSecurityContext(container.securityContext, rules.hostUsers, `${path}.securityContext`),
  ];
}

function validatePorts(ports: readonly ContainerPort[] | undefined, path: string): FieldError[] {
  const names = new Set<string>();
  return checkEach(ports, path, ({ name, containerPort, hostPort, protocol }, place) => {
    const errors: FieldError[] = [];
    const complaints = name ? isPortName(name) : [];
    errors.push(...complaints.map((complaint) => invalidValue(`${place}.name`, name, complaint)));
    if (name && complaints.length === 0) {
      if (names.has(name)) errors.push(duplicate(`${place}.name`, name));
      names.add(name);
    }
    if (!containerPort) errors.push(required(`${place}.containerPort`));
    else errors.push(...checkPort(`${place}.containerPort`, containerPort));
    if (hostPort) errors.push(...checkPort(`${place}.hostPort`, hostPort));
    return [...errors, ...checkOneOf(`${place}.protocol`, protocol, ["SCTP", "TCP", "UDP"])];
  });
}

const checkPort = (path: string, port: number): FieldError[] =>
  isPortNumber(port).map((complaint) => invalidValue(path, port, complaint));

function validateHostPorts(containers: readonly Container[], path: string): FieldError[] {
  const taken = new Set<string>();
  return checkEach(containers, path, ({ ports }, place) =>
    checkEach(ports, `${place}.ports`, ({ hostPort, hostIP, protocol }, portPath) => {
      if (!hostPort) return [];
      const key = `${protocol}/${hostIP ?? ""}/${hostPort}`;
      if (taken.has(key)) return [duplicate(`${portPath}.hostPort`, key)];
      taken.add(key);
      return [];
    }),
  );
}

function validateResizePolicy(
  policies: readonly ContainerResizePolicy[] | undefined,
  path: string,
  podRestartPolicy: string | undefined,
): FieldError[] {
  const seen = new Set<string>();
  return checkEach(policies, path, ({ resourceName, restartPolicy }, place) => {
    const errors = seen.has(resourceName) ? [duplicate(place, resourceName)] : [];
    seen.add(resourceName);
    errors.push(...checkOneOf(path, resourceName, ["cpu", "memory"]));
    errors.push(...checkOneOf(path, restartPolicy, ["NotRequired", "RestartContainer"]));
    if (podRestartPolicy === "Never" && restartPolicy !== "NotRequired") {
      const detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'";
      errors.push(invalidValue(path, restartPolicy, detail));
    }
    return errors;
  });
}

function validateRestartPolicy({ restartPolicy, restartPolicyRules }: Container, path: string): FieldError[] {
  const rules = restartPolicyRules ?? [];
  const errors = checkOptionalOneOf(`${path}.restartPolicy`, restartPolicy, ["Always", "Never", "OnFailure"]);
  if (restartPolicy === undefined && rules.length > 0) {
    errors.push(required(`${path}.restartPolicy`, "must specify restartPolicy when restart rules are used"));
  }
  const place = `${path}.restartPolicyRules`;
  if (rules.length > mostRestartRules) errors.push(tooMany(place, rules.length, mostRestartRules));
  return [
    ...errors,
    ...checkEach(rules, place, ({ action, exitCodes }, rule) => [
      ...checkOptionalOneOf(`${rule}.action`, action ?? "", ["Restart"]),
      ...(exitCodes === undefined
        ? [required(`${rule}.exitCodes`, "must be specified")]
        : checkOptionalOneOf(`${rule}.exitCodes.operator`, exitCodes.operator ?? "", ["In", "NotIn"])),
    ]),
  ];
}
