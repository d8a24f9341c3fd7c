/** The whole status that the kubelet reports for a pod, as upstream's generateAPIPodStatus: pure. */
import { podQosClass } from "../../kinds/core/pod/quality-of-service.ts";
import type { Container, ContainerStatus, Pod, PodStatus } from "../../kinds/generated/core-v1.ts";
import { computeConditions, isKubeletCondition } from "./conditions.ts";
import { computeContainerStatuses, type WaitingReason } from "./container-statuses.ts";
import { computePhase, type PodPhase } from "./phase.ts";
import type { Verdict } from "./pod-worker.ts";
import { findContainer, type RuntimePod } from "./runtime-status.ts";

export interface PodStatusInput {
  readonly pod: Pod;
  readonly runtimePod: RuntimePod;
  /** The status last reported by this kubelet, else the one in the API. */
  readonly previous: PodStatus;
  /** The pod is being killed for good: no container will start again. */
  readonly terminal: boolean;
  readonly runtimeName: string;
  readonly hostIP: string;
  /** Set when the kubelet ends the pod itself: eviction, deadline. */
  readonly verdict?: Verdict | undefined;
  waitingReason(container: string): WaitingReason | undefined;
  /** Fills `ready` and `started` from the probes. Mutates. */
  applyProbes(pod: Pod, status: PodStatus): void;
}

export function computePodStatus(input: PodStatusInput): PodStatus {
  const { pod, runtimePod, previous, verdict } = input;
  if (verdict?.refused === true) return refusedStatus(pod, verdict);
  const convert = (containers: readonly Container[], before: readonly ContainerStatus[] | undefined, init: boolean) =>
    computeContainerStatuses({ ...input, containers, previous: before ?? [], init });
  const status: PodStatus = { qosClass: pod.status?.qosClass ?? podQosClass(pod.spec) };
  const initStatuses = convert(pod.spec?.initContainers ?? [], previous.initContainerStatuses, true);
  const statuses = convert(pod.spec?.containers ?? [], previous.containerStatuses, false);
  const ephemeral = convert(pod.spec?.ephemeralContainers ?? [], previous.ephemeralContainerStatuses, false);
  if (initStatuses.length > 0) status.initContainerStatuses = initStatuses;
  status.containerStatuses = statuses;
  if (ephemeral.length > 0) status.ephemeralContainerStatuses = ephemeral;

  setPhase(input, status, [...initStatuses, ...statuses]);
  if (verdict !== undefined) {
    Object.assign(status, { phase: "Failed", reason: verdict.reason, message: verdict.message });
  }
  const final = terminalPhase(pod.status?.phase);
  if (final !== undefined) status.phase = final;

  input.applyProbes(pod, status);
  const others = (pod.status?.conditions ?? []).filter(({ type }) => !isKubeletCondition(type));
  const disruption = previous.conditions?.find(({ type }) => type === "DisruptionTarget");
  if (disruption !== undefined && !others.some(({ type }) => type === "DisruptionTarget")) others.push(disruption);
  if (verdict?.disruption === true && disruption === undefined) {
    const generation = pod.metadata?.generation;
    others.push({
      type: "DisruptionTarget",
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      status: "True",
      reason: "TerminationByKubelet",
      message: verdict.message,
    });
  }
  status.conditions = [
    ...others,
    ...computeConditions({
      pod,
      runtimePod,
      statuses: [...initStatuses, ...statuses],
      phase: status.phase as PodPhase,
      others,
    }),
  ];
  setAddresses(input, status);
  if (pod.metadata?.generation !== undefined) status.observedGeneration = pod.metadata.generation;
  return status;
}

/** Says nothing of containers and conditions, so that the reason is what clients show. */
function refusedStatus({ status = {}, spec, metadata }: Pod, { reason, message }: Verdict): PodStatus {
  return {
    qosClass: status.qosClass ?? podQosClass(spec),
    phase: "Failed",
    reason,
    message,
    conditions: (status.conditions ?? []).filter(({ type }) => !isKubeletCondition(type)),
    ...(metadata?.generation === undefined ? {} : { observedGeneration: metadata.generation }),
  };
}

function terminalPhase(phase: string | undefined): PodPhase | undefined {
  return phase === "Failed" || phase === "Succeeded" ? phase : undefined;
}

function setPhase({ pod, runtimePod, previous, terminal }: PodStatusInput, status: PodStatus, all: ContainerStatus[]) {
  const initialized = (pod.spec?.containers ?? []).some(({ name }) => {
    const state = findContainer(runtimePod, name)?.state;
    return state === "running" || state === "created";
  });
  const phase = computePhase({ pod, statuses: all, terminal, initialized });
  // A pod that has ended stays ended, whatever its containers look like.
  status.phase = terminalPhase(phase) ?? terminalPhase(previous.phase) ?? terminalPhase(pod.status?.phase) ?? phase;
  if (status.phase !== previous.phase) return;
  const reason = previous.reason || pod.status?.reason;
  const message = previous.message || pod.status?.message;
  if (reason) status.reason = reason;
  if (message) status.message = message;
}

function setAddresses({ pod, runtimePod, hostIP, previous }: PodStatusInput, status: PodStatus): void {
  status.hostIP = hostIP;
  status.hostIPs = [{ ip: hostIP }];
  // A pod without a ready sandbox keeps its last known addresses, so that what watches it can still tell who it was.
  const last = runtimePod.sandboxes[0]?.ready === true ? [] : (previous.podIPs ?? []).map(({ ip }) => ip);
  const ips = runtimePod.ips.length > 0 ? runtimePod.ips : pod.spec?.hostNetwork === true ? [hostIP] : last;
  if (ips.length === 0) return;
  status.podIP = ips[0];
  status.podIPs = ips.map((ip) => ({ ip }));
}
