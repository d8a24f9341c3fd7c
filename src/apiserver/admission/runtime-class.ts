import { isDeepStrictEqual } from "node:util";
import type { Pod, Toleration } from "../../kinds/generated/core-v1.ts";
import type { RuntimeClass } from "../../kinds/generated/node-v1.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from "../types.ts";
import { createdPod, refuse } from "./request.ts";

/** Gives pods the overhead, node selector and tolerations of their RuntimeClass. */
export function runtimeClass(reader: ObjectReader): AdmissionPlugin {
  function find(request: AdmissionRequest, { spec }: Pod): RuntimeClass | undefined {
    const name = spec?.runtimeClassName;
    if (name === undefined) return undefined;
    const found = reader.get<RuntimeClass>("node.k8s.io", "runtimeclasses", "", name);
    if (found === undefined) throw refuse(request, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
    return found;
  }

  return {
    name: "RuntimeClass",
    admit(request) {
      const pod = createdPod(request);
      if (pod?.spec === undefined) return;
      const found = find(request, pod);
      const overhead = found?.overhead?.podFixed;
      if (overhead !== undefined) {
        if (pod.spec.overhead !== undefined && !isDeepStrictEqual(pod.spec.overhead, overhead)) {
          throw refuse(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
        }
        pod.spec.overhead = { ...overhead };
      }
      if (found?.scheduling !== undefined) setScheduling(request, pod, found.scheduling);
    },
    validate(request) {
      const pod = createdPod(request);
      if (pod?.spec === undefined) return;
      const overhead = find(request, pod)?.overhead?.podFixed;
      if (pod.spec.overhead !== undefined && overhead === undefined) {
        throw refuse(request, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
      }
      if (!isDeepStrictEqual(pod.spec.overhead, overhead)) {
        throw refuse(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
      }
    },
  };
}

function setScheduling(
  request: AdmissionRequest,
  { spec }: Pod,
  { nodeSelector = {}, tolerations = [] }: NonNullable<RuntimeClass["scheduling"]>,
): void {
  if (spec === undefined) return;
  for (const [key, value] of Object.entries(nodeSelector)) {
    const own = valueAt(spec.nodeSelector, key);
    if (own !== undefined && own !== value) {
      throw refuse(
        request,
        `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own}`,
      );
    }
    spec.nodeSelector = { ...spec.nodeSelector, [key]: value };
  }
  const present = spec.tolerations ?? [];
  const isNew = (toleration: Toleration): boolean => !present.some((one) => isDeepStrictEqual(one, toleration));
  const added = tolerations.filter(isNew);
  if (added.length > 0) spec.tolerations = [...present, ...added.map((toleration) => ({ ...toleration }))];
}
