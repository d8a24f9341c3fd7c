import type { Pod } from "../../kinds/generated/core-v1.ts";
import type { PriorityClass } from "../../kinds/generated/scheduling-v1.ts";
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from "../types.ts";
import { concerns, refuse } from "./request.ts";

const group = "scheduling.k8s.io";

/** Turns a pod's priorityClassName into its priority and preemption policy; keeps to one default class. */
export function priority(reader: ObjectReader): AdmissionPlugin {
  function defaultClass(): PriorityClass | undefined {
    const defaults = reader.list<PriorityClass>(group, "priorityclasses").filter((one) => one.globalDefault);
    return defaults.reduce<PriorityClass | undefined>(
      (lowest, one) => (lowest === undefined || (lowest.value ?? 0) > (one.value ?? 0) ? one : lowest),
      undefined,
    );
  }

  function classOf(request: AdmissionRequest, name: string | undefined): PriorityClass | undefined {
    if (!name) return defaultClass();
    const found = reader.get<PriorityClass>(group, "priorityclasses", "", name);
    if (found === undefined) throw refuse(request, `no PriorityClass with name ${name} was found`);
    return found;
  }

  function admitPod(request: AdmissionRequest, { spec }: Pod): void {
    if (spec === undefined) return;
    const chosen = classOf(request, spec.priorityClassName);
    const value = chosen?.value ?? 0;
    const policy = chosen === undefined ? "PreemptLowerPriority" : chosen.preemptionPolicy;
    if (spec.priority !== undefined && spec.priority !== value) {
      throw refuse(
        request,
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
      );
    }
    if (policy !== undefined && spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
      throw refuse(
        request,
        `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
      );
    }
    if (chosen?.metadata?.name) spec.priorityClassName = chosen.metadata.name;
    spec.priority = value;
    if (policy !== undefined) spec.preemptionPolicy = policy;
  }

  return {
    name: "Priority",
    admit(request) {
      if (!concerns(request, "", "pods")) return;
      const pod = request.object as Pod | undefined;
      if (pod?.spec === undefined) return;
      if (request.operation === "CREATE") admitPod(request, pod);
      if (request.operation !== "UPDATE") return;
      const old = (request.oldObject as Pod | undefined)?.spec;
      if (old?.priority !== undefined) pod.spec.priority ??= old.priority;
      if (old?.preemptionPolicy !== undefined) pod.spec.preemptionPolicy ??= old.preemptionPolicy;
    },
    validate(request) {
      if (!concerns(request, group, "priorityclasses", { operations: ["CREATE", "UPDATE"] })) return;
      const given = request.object as PriorityClass;
      if (!given.globalDefault) return;
      const current = defaultClass()?.metadata?.name;
      if (current === undefined || (request.operation === "UPDATE" && current === given.metadata?.name)) return;
      throw refuse(request, `PriorityClass ${current} is already marked as default. Only one default can exist`);
    },
  };
}
