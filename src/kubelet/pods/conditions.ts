/** The conditions that the kubelet owns on a pod, as upstream's status/generate.go. */
import { isSidecar } from "../../kinds/core/pod/container-aggregation.ts";
import type { ContainerStatus, Pod, PodCondition } from "../../kinds/generated/core-v1.ts";
import { needsResize, sandboxChange } from "./actions.ts";
import type { PodPhase } from "./phase.ts";
import type { RuntimePod } from "./runtime-status.ts";

const kubeletConditions: ReadonlySet<string> = new Set([
  "PodScheduled",
  "Ready",
  "Initialized",
  "ContainersReady",
  "PodReadyToStartContainers",
  "AllContainersRestarting",
  "PodResizePending",
  "PodResizeInProgress",
]);

/** Whether the kubelet owns conditions of that type; all others are left as they are. */
export function isKubeletCondition(type: string): boolean {
  return kubeletConditions.has(type);
}

export interface ConditionInput {
  readonly pod: Pod;
  readonly runtimePod: RuntimePod;
  /** Of init and regular containers. */
  readonly statuses: readonly ContainerStatus[];
  readonly phase: PodPhase;
  /** Conditions of others, for readiness gates. */
  readonly others: readonly PodCondition[];
}

/** PodReadyToStartContainers, PodResizeInProgress, Initialized, Ready, …, without transition times. */
export function computeConditions(input: ConditionInput): PodCondition[] {
  const containersReady = containersReadyCondition(input);
  const generation = input.pod.metadata?.generation;
  return [
    {
      type: "PodReadyToStartContainers",
      status: sandboxChange(input.pod, input.runtimePod).changed ? "False" : "True",
    },
    initializedCondition(input),
    readyCondition(input, containersReady),
    containersReady,
    { type: "PodScheduled", status: "True" },
    // Told together with the generation that asks for it, so that nobody takes the old resources for the new.
    ...(needsResize(input.pod, input.runtimePod) ? [{ type: "PodResizeInProgress", status: "True" }] : []),
  ].map((condition) => (generation === undefined ? condition : { ...condition, observedGeneration: generation }));
}

function containersReadyCondition({ pod, statuses, phase }: ConditionInput): PodCondition {
  const type = "ContainersReady";
  const names = [
    ...(pod.spec?.initContainers ?? []).filter(isSidecar).map(({ name }) => name),
    ...(pod.spec?.containers ?? []).map(({ name }) => name),
  ];
  const found = new Map(statuses.map((status) => [status.name, status]));
  const unknown = names.filter((name) => !found.has(name));
  if (phase === "Succeeded" && unknown.length === 0) return { type, status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { type, status: "False", reason: "PodFailed" };
  const unready = names.filter((name) => found.get(name)?.ready === false);
  const message = [describe("unknown", unknown), describe("unready", unready)].filter((part) => part !== "").join(", ");
  if (message !== "") return { type, status: "False", reason: "ContainersNotReady", message };
  return { type, status: "True" };
}

function readyCondition({ pod, others }: ConditionInput, containersReady: PodCondition): PodCondition {
  if (containersReady.status !== "True") return { ...containersReady, type: "Ready" };
  const messages: string[] = [];
  for (const { conditionType } of pod.spec?.readinessGates ?? []) {
    const condition = others.find(({ type }) => type === conditionType);
    if (condition === undefined) {
      messages.push(`corresponding condition of pod readiness gate "${conditionType}" does not exist.`);
    } else if (condition.status !== "True") {
      messages.push(`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`);
    }
  }
  if (messages.length === 0) return { type: "Ready", status: "True" };
  return { type: "Ready", status: "False", reason: "ReadinessGatesNotReady", message: messages.join(", ") };
}

function initializedCondition({ pod, statuses, phase }: ConditionInput): PodCondition {
  const type = "Initialized";
  const found = new Map(statuses.map((status) => [status.name, status]));
  const unknown: string[] = [];
  const incomplete: string[] = [];
  for (const container of pod.spec?.initContainers ?? []) {
    const status = found.get(container.name);
    if (status === undefined) unknown.push(container.name);
    else if (isSidecar(container) ? status.started !== true : !status.ready) incomplete.push(container.name);
  }
  if (phase === "Succeeded" && unknown.length === 0) return { type, status: "True", reason: "PodCompleted" };
  const started = (pod.spec?.containers ?? []).some(({ name }) => {
    const status = found.get(name);
    return status?.started === true || status?.state?.terminated !== undefined || status?.lastState?.terminated;
  });
  if (started) return { type, status: "True" };
  const message = [describe("unknown", unknown), describe("incomplete", incomplete)]
    .filter((part) => part !== "")
    .join(", ");
  if (message === "") return { type, status: "True" };
  return { type, status: "False", reason: "ContainersNotInitialized", message };
}

function describe(what: string, names: readonly string[]): string {
  return names.length === 0 ? "" : `containers with ${what} status: [${names.join(" ")}]`;
}
