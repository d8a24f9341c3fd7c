import type { Plugin } from "../../framework/types.ts";

/** Keeps a pod out of the queue until all of its scheduling gates are removed. */
export const schedulingGates: Plugin = {
  name: "SchedulingGates",
  events: ["pod-updated"],
  preEnqueue({ pod }) {
    const gates = pod.spec?.schedulingGates ?? [];
    if (gates.length === 0) return undefined;
    const names = gates.map((gate) => gate.name).join(" ");
    return { reasons: [`waiting for scheduling gates: [${names}]`], unresolvable: true };
  },
};
