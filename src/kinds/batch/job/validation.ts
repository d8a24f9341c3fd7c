/** Jobs: counts, the pod template that must end, and what stays as created (ValidateJob, ValidateJobUpdate). */
import { type FieldError, invalidValue, notSupportedInOrder, required } from "../../../machinery/errors/field-error.ts";
import { validateLabelSelector } from "../../../machinery/validation/label-selector.ts";
import { isDns1123Label } from "../../../machinery/validation/names.ts";
import { validateSelectorMatches } from "../../apps/replica-checks.ts";
import { validatePodTemplate } from "../../core/pod/validation/pod-spec.ts";
import { checkImmutable, checkNonNegative, checkOptionalOneOf } from "../../field-checks.ts";
import type { Job, JobSpec } from "../../generated/batch-v1.ts";
import type { PodTemplateSpec } from "../../generated/core-v1.ts";
import { semanticEqual } from "../../semantic-equal.ts";
import { validatePodFailurePolicy, validateSuccessPolicy } from "./policy-validation.ts";
import { controllerUidLabel, jobNameLabel, legacyControllerUidLabel, legacyJobNameLabel } from "./strategy.ts";

const mostParallelIndexes = 100_000;

export function validateJob(job: Job): FieldError[] {
  const { spec, metadata } = job;
  if (spec === undefined) return [required("spec.template")];
  const errors = [...validateGeneratedLabels(job), ...validateJobSpec(spec, "spec")];
  if (spec.selector === undefined) errors.push(required("spec.selector"));
  errors.push(
    ...validateLabelSelector(spec.selector, "spec.selector"),
    ...validateSelectorMatches(spec.selector, spec.template, "spec.template"),
  );
  if (spec.completionMode === "Indexed" && spec.completions !== undefined && spec.completions > 0) {
    const hostname = `${metadata?.name ?? ""}-${spec.completions - 1}`;
    if (isDns1123Label(hostname).length > 0) {
      const detail = `will not able to create pod with invalid DNS label: ${hostname}`;
      errors.push(invalidValue("metadata.name", metadata?.name ?? "", detail));
    }
  }
  return errors;
}

/** The labels that the API server generates must say what they are to say. */
function validateGeneratedLabels({ metadata, spec }: Job): FieldError[] {
  if (spec?.manualSelector || spec?.selector === undefined) return [];
  const labels = spec.template?.metadata?.labels ?? {};
  const path = "spec.template.metadata.labels";
  const expected: [string, string][] = [
    [legacyControllerUidLabel, metadata?.uid ?? ""],
    [controllerUidLabel, metadata?.uid ?? ""],
    [legacyJobNameLabel, metadata?.name ?? ""],
    [jobNameLabel, metadata?.name ?? ""],
  ];
  const errors = expected.flatMap(([label, value]) => {
    if (!labels[label]) return [required(`${path}[${label}]`, `must be '${value}'`)];
    return labels[label] === value ? [] : [invalidValue(`${path}[${label}]`, labels[label], `must be '${value}'`)];
  });
  const selected = Object.entries(spec.selector.matchLabels ?? {});
  const own = selected.every(([label]) => label === controllerUidLabel || label === legacyControllerUidLabel);
  const ours = own && selected.length > 0 && selected.every(([, value]) => value === metadata?.uid);
  if (!ours || spec.selector.matchExpressions?.length) {
    errors.push(invalidValue("spec.selector", spec.selector, "`selector` not auto-generated"));
  }
  return errors;
}

/** Also of a CronJob's template, whose selector is not generated yet. */
export function validateJobSpec(spec: JobSpec, path: string): FieldError[] {
  const counts = [
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
  ] as const;
  const errors = counts.flatMap((field) => checkNonNegative(`${path}.${field}`, spec[field]));
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.push(required(`${path}.backoffLimitPerIndex`, "when maxFailedIndexes is specified"));
  }
  return [
    ...errors,
    ...validateCompletionMode(spec, path),
    ...validatePodFailurePolicy(spec, `${path}.podFailurePolicy`),
    ...validateSuccessPolicy(spec, `${path}.successPolicy`),
    ...validateReplacementPolicy(spec, `${path}.podReplacementPolicy`),
    ...validatePodTemplate(spec.template ?? {}, `${path}.template`),
    ...validateRestartPolicy(spec, `${path}.template.spec.restartPolicy`),
  ];
}

function validateCompletionMode(spec: JobSpec, path: string): FieldError[] {
  const { completionMode: mode, completions, parallelism, maxFailedIndexes, backoffLimitPerIndex } = spec;
  const errors = checkOptionalOneOf(`${path}.completionMode`, mode, ["NonIndexed", "Indexed"]);
  const complain = (field: string, value: unknown, detail: string) =>
    errors.push(invalidValue(`${path}.${field}`, value, detail));
  if (mode === "Indexed") {
    if (completions === undefined) errors.push(required(`${path}.completions`, "when completion mode is Indexed"));
    if (parallelism !== undefined && parallelism > mostParallelIndexes) {
      const detail = `must be less than or equal to ${mostParallelIndexes} when completion mode is Indexed`;
      complain("parallelism", parallelism, detail);
    }
    if (maxFailedIndexes !== undefined && completions !== undefined && maxFailedIndexes > completions) {
      complain("maxFailedIndexes", maxFailedIndexes, "must be less than or equal to completions");
    }
  } else if (mode === undefined || mode === "NonIndexed") {
    const detail = "requires indexed completion mode";
    if (backoffLimitPerIndex !== undefined) complain("backoffLimitPerIndex", backoffLimitPerIndex, detail);
    if (maxFailedIndexes !== undefined) complain("maxFailedIndexes", maxFailedIndexes, detail);
  }
  return errors;
}

function validateReplacementPolicy({ podReplacementPolicy, podFailurePolicy }: JobSpec, path: string): FieldError[] {
  const supported = podFailurePolicy === undefined ? ["TerminatingOrFailed", "Failed"] : ["Failed"];
  return checkOptionalOneOf(path, podReplacementPolicy, supported);
}

function validateRestartPolicy({ template, podFailurePolicy }: JobSpec, path: string): FieldError[] {
  const policy = template?.spec?.restartPolicy;
  if (!policy || policy === "Always") return [required(path, 'valid values: "OnFailure", "Never"')];
  if (policy !== "OnFailure" && policy !== "Never") return [notSupportedInOrder(path, policy, ["OnFailure", "Never"])];
  const detail = 'only "Never" is supported when podFailurePolicy is specified';
  return podFailurePolicy !== undefined && policy !== "Never" ? [invalidValue(path, policy, detail)] : [];
}

export function validateJobUpdate({ spec }: Job, old: Job): FieldError[] {
  const before = old.spec;
  if (spec === undefined || before === undefined) return [];
  const immutable = [
    "completionMode",
    "podFailurePolicy",
    "backoffLimitPerIndex",
    "managedBy",
    "successPolicy",
  ] as const;
  return [
    ...validateCompletionsUpdate(spec, before),
    ...checkImmutable("spec.selector", spec.selector, before.selector),
    ...validateTemplateUpdate(spec.template, old),
    ...immutable.flatMap((field) => checkImmutable(`spec.${field}`, spec[field], before[field])),
  ];
}

function validateCompletionsUpdate(spec: JobSpec, before: JobSpec): FieldError[] {
  if (spec.completionMode !== "Indexed") {
    return checkImmutable("spec.completions", spec.completions, before.completions);
  }
  if (spec.completions === before.completions) return [];
  if (spec.completions === undefined) return [required("spec.completions", "when completion mode is Indexed")];
  if (spec.completions === spec.parallelism) return [];
  const detail = "can only be modified in tandem with spec.parallelism";
  return [invalidValue("spec.completions", spec.completions, detail)];
}

/** The template is fixed, but that a suspended job with no pods may still be told where and with how much to run. */
function validateTemplateUpdate(template: PodTemplateSpec, { spec, status }: Job): FieldError[] {
  const before = spec?.template;
  if (semanticEqual(template, before)) return [];
  const suspended = status?.conditions?.some((one) => one.type === "Suspended" && one.status === "True");
  const movable = spec?.suspend && (status?.startTime === undefined || suspended) && !status?.active;
  if (!movable) return checkImmutable("spec.template", template, before);
  const rest = withSchedulingOf(template, before ?? {});
  return checkImmutable("spec.template", rest, before);
}

function withSchedulingOf(template: PodTemplateSpec, before: PodTemplateSpec): PodTemplateSpec {
  const { spec = { containers: [] } } = template;
  const old = before.spec ?? { containers: [] };
  const withResources = <T extends { resources?: unknown }>(now: T[] | undefined, list: readonly T[] | undefined) =>
    now?.map((container, index) => ({ ...container, resources: list?.[index]?.resources }));
  return {
    ...template,
    metadata: { ...template.metadata, labels: before.metadata?.labels, annotations: before.metadata?.annotations },
    spec: {
      ...spec,
      containers: withResources(spec.containers, old.containers) ?? [],
      initContainers: withResources(spec.initContainers, old.initContainers),
      nodeSelector: old.nodeSelector,
      tolerations: old.tolerations,
      schedulingGates: old.schedulingGates,
      affinity: { ...spec.affinity, nodeAffinity: old.affinity?.nodeAffinity },
    },
  };
}
