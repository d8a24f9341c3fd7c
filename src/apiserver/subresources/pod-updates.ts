import { podQosClass } from "../../kinds/core/pod/quality-of-service.ts";
import { validatePod } from "../../kinds/core/pod/validation.ts";
import type { Container, EphemeralContainer, Pod, PodSpec } from "../../kinds/generated/core-v1.ts";
import { type FieldError, forbiddenField } from "../../machinery/errors/field-error.ts";
import { conflict, invalid, modifiedMessage } from "../../machinery/errors/status-error.ts";
import { deepCopy, deepEqual } from "../../machinery/meta/accessors.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import type { SubresourceHandler, SubresourceRequest } from "../types.ts";
import { bodyOf, mergedHandler } from "./subject.ts";

/** Takes over from the body what the subresource may change; the rest stays. Returns the errors of the change. */
type Apply = (pod: PodSpec, body: PodSpec) => { spec: PodSpec; errors: FieldError[] };

function podUpdateHandler(subresource: string, apply: Apply): SubresourceHandler {
  return mergedHandler({ group: "", plural: "pods", subresource }, (request, object) => {
    const body = bodyOf<Pod>(request);
    checkVersion(request, body, object);
    const pod = object as Pod;
    if (pod.spec === undefined || body.spec === undefined) return object;
    const { spec, errors } = apply(pod.spec, body.spec);
    const next = deepCopy({ ...object, spec });
    request.kind.applyDefaults?.(next);
    // What may not change comes first: the rest of the pod was looked at before.
    const problems = errors.length > 0 ? errors : validatePod(next as Pod);
    if (problems.length > 0) throw invalid({ group: "", kind: "Pod" }, request.info.name, problems);
    return next;
  });
}

function checkVersion({ info }: SubresourceRequest, { metadata }: Pod, stored: UnknownObject): void {
  const expected = metadata?.resourceVersion;
  if (expected && expected !== stored.metadata?.resourceVersion) {
    throw conflict({ group: "", plural: "pods" }, info.name, modifiedMessage);
  }
}

/** PUT pods/NAME/ephemeralcontainers (`kubectl debug`): containers are added, never changed or removed. */
export const ephemeralContainersHandler = podUpdateHandler("ephemeralcontainers", (spec, body) => {
  const wanted = (body.ephemeralContainers ?? []).map(withDefaults);
  const before = new Map((spec.ephemeralContainers ?? []).map((one) => [one.name, one]));
  const field = "spec.ephemeralContainers";
  const errors: FieldError[] = [];
  for (const [name, container] of before) {
    const same = wanted.find((one) => one.name === name);
    if (same === undefined) {
      const detail = `existing ephemeral containers ${JSON.stringify(name)} may not be removed\n`;
      errors.push(forbiddenField(field, detail));
    } else if (!deepEqual(same, container)) {
      const detail = `existing ephemeral containers ${JSON.stringify(name)} may not be changed\n`;
      errors.push(forbiddenField(field, detail));
    }
  }
  return { spec: { ...spec, ephemeralContainers: wanted }, errors };
});

function withDefaults(container: EphemeralContainer): EphemeralContainer {
  return {
    ...container,
    imagePullPolicy:
      container.imagePullPolicy ?? (/(:latest|^[^:@]*)$/.test(container.image ?? "") ? "Always" : "IfNotPresent"),
    resources: container.resources ?? {},
    terminationMessagePath: container.terminationMessagePath ?? "/dev/termination-log",
    terminationMessagePolicy: container.terminationMessagePolicy ?? "File",
  };
}

/** PUT pods/NAME/resize: the CPU and memory of running containers. */
export const podResizeHandler = podUpdateHandler("resize", (spec, body) => {
  const errors: FieldError[] = [];
  const resized = (containers: readonly Container[], wanted: readonly Container[], field: string): Container[] => {
    if (containers.length !== wanted.length) {
      errors.push(forbiddenField(field, "containers may not be added or removed on resize"));
      return [...containers];
    }
    return containers.map((container, index) => {
      const next = wanted[index];
      if (next === undefined || next.name !== container.name) {
        errors.push(forbiddenField(`${field}[${index}].name`, "containers may not be renamed or reordered on resize"));
        return container;
      }
      if (onlyComputeDiffers(container, next)) {
        return { ...container, resources: next.resources, resizePolicy: next.resizePolicy ?? container.resizePolicy };
      }
      errors.push(forbiddenField(`${field}[${index}].resources`, "only cpu and memory resources are mutable"));
      return container;
    });
  };
  const containers = resized(spec.containers, body.containers, "spec.containers");
  const initContainers = resized(spec.initContainers ?? [], body.initContainers ?? [], "spec.initContainers");
  const next = { ...spec, containers, ...(initContainers.length > 0 ? { initContainers } : {}) };
  if (errors.length === 0 && podQosClass(spec) !== podQosClass(next)) {
    errors.push(forbiddenField("spec", "Pod QOS Class may not change as a result of resizing"));
  }
  return { spec: next, errors };
});

const compute = ["cpu", "memory"];

function onlyComputeDiffers(container: Container, next: Container): boolean {
  const others = (list: Record<string, string> | undefined): [string, string][] =>
    Object.entries(list ?? {}).filter(([name]) => !compute.includes(name));
  return (["requests", "limits"] as const).every((kind) =>
    deepEqual(
      Object.fromEntries(others(container.resources?.[kind])),
      Object.fromEntries(others(next.resources?.[kind])),
    ),
  );
}
