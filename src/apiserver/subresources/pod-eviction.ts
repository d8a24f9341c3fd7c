import { isPodReady } from "../../kinds/core/pod/pod-state.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import type { Eviction, PodDisruptionBudget } from "../../kinds/generated/policy-v1.ts";
import { type Clock, formatTime } from "../../lib/clock.ts";
import { badRequest, forbidden, StatusError, tooManyRequests } from "../../machinery/errors/status-error.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { labelSelectorFromObject } from "../../machinery/selectors/label-selector.ts";
import type { ObjectReader, SubresourceHandler, SubresourceRequest } from "../types.ts";
import { withCondition } from "./pod-conditions.ts";
import { bodyOf, created, subjectOf } from "./subject.ts";

const budgets = { group: "policy", plural: "poddisruptionbudgets" };
/** More pods than this waiting for their deletion to be seen means that the budget's controller is not running. */
const maximumDisruptedPods = 2000;

/** POST pods/NAME/eviction: deletes the pod where its disruption budget allows it. */
export function podEvictionHandler(clock: Clock): SubresourceHandler {
  return {
    group: "",
    plural: "pods",
    subresource: "eviction",
    async handle(request) {
      const eviction = bodyOf<Eviction>(request);
      if (request.info.name !== (eviction.metadata?.name ?? "")) {
        throw badRequest("name in URL does not match name in Eviction object");
      }
      const pod = subjectOf<Pod>(request);
      if (!isOutsideBudgets(pod)) await spendBudget(request, pod, clock);
      const dryRun = request.dryRun || (eviction.deleteOptions?.dryRun?.length ?? 0) > 0;
      if (!dryRun) await evict(request, eviction, clock);
      return created;
    },
  };
}

function isOutsideBudgets({ status, metadata }: Pod): boolean {
  return ["Succeeded", "Failed", "Pending"].includes(status?.phase ?? "") || metadata?.deletionTimestamp !== undefined;
}

function budgetsOf(reader: ObjectReader, { metadata }: Pod): PodDisruptionBudget[] {
  const all = reader.list<PodDisruptionBudget>(budgets.group, budgets.plural, metadata?.namespace ?? "");
  return all.filter(({ spec }) => spec?.selector && labelSelectorFromObject(spec.selector).matches(metadata?.labels));
}

async function spendBudget(request: SubresourceRequest, pod: Pod, clock: Clock): Promise<void> {
  const matching = budgetsOf(request.reader, pod);
  const [budget] = matching;
  if (budget === undefined) return;
  if (matching.length > 1) {
    throw new StatusError({
      code: 500,
      message: "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    });
  }
  if (!isPodReady(pod)) {
    const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
    if (budget.spec?.unhealthyPodEvictionPolicy === "AlwaysAllow") return;
    if (currentHealthy >= desiredHealthy && desiredHealthy > 0) return;
  }
  if (request.dryRun) {
    decrement(budget, pod, clock);
    return;
  }
  const { namespace = "", name = "" } = budget.metadata ?? {};
  await request.writer.modify(
    { ...budgets, namespace, name, subresource: "status" },
    (current) => decrement(current as PodDisruptionBudget, pod, clock) as unknown as UnknownObject,
  );
}

/** The budget with one disruption fewer; throws where none is allowed. */
function decrement(budget: PodDisruptionBudget, pod: Pod, clock: Clock): PodDisruptionBudget {
  const name = budget.metadata?.name ?? "";
  const { status } = budget;
  const allowed = status?.disruptionsAllowed ?? 0;
  if ((status?.observedGeneration ?? 0) < (budget.metadata?.generation ?? 0)) {
    throw refusal(`The disruption budget ${name} is still being processed by the server.`);
  }
  if (allowed < 0) throw forbidden(budgets, name, "pdb disruptions allowed is negative");
  const disrupted = status?.disruptedPods ?? {};
  if (Object.keys(disrupted).length > maximumDisruptedPods) {
    throw forbidden(budgets, name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
  }
  if (allowed === 0) {
    throw refusal(
      `The disruption budget ${name} needs ${status?.desiredHealthy ?? 0} healthy pods and has ${status?.currentHealthy ?? 0} currently`,
    );
  }
  return {
    ...budget,
    status: {
      ...status,
      currentHealthy: status?.currentHealthy ?? 0,
      desiredHealthy: status?.desiredHealthy ?? 0,
      expectedPods: status?.expectedPods ?? 0,
      disruptionsAllowed: allowed - 1,
      disruptedPods: { ...disrupted, [pod.metadata?.name ?? ""]: formatTime(clock.now()) },
    },
  };
}

function refusal(message: string): StatusError {
  const error = tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 0);
  error.status.details = { causes: [{ reason: "DisruptionBudget", message }] };
  return error;
}

async function evict({ writer, info }: SubresourceRequest, eviction: Eviction, clock: Clock): Promise<void> {
  const target = { group: "", plural: "pods", namespace: info.namespace, name: info.name };
  await writer.modify({ ...target, subresource: "status" }, (object) => {
    const pod = object as Pod;
    const condition = {
      type: "DisruptionTarget",
      status: "True",
      reason: "EvictionByEvictionAPI",
      message: "Eviction API: evicting",
    };
    const status = withCondition(pod.status ?? {}, condition, formatTime(clock.now()));
    return { ...object, status };
  });
  // Marking the pod has changed its resourceVersion, so only the UID is still a precondition.
  const { preconditions, ...options } = eviction.deleteOptions ?? {};
  const uid = preconditions?.uid;
  const deleteOptions = { ...options, ...(uid ? { preconditions: { uid } } : {}) } as UnknownObject;
  await writer.delete("", "pods", info.namespace, info.name, deleteOptions);
}
