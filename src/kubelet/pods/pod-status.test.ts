import { describe, expect, it } from "vitest";
import type { Pod, PodStatus } from "../../kinds/generated/core-v1.ts";
import { busybox, makeContainer, makePod, makeRuntimePod } from "../testing/runtime-objects.ts";
import { computePodStatus } from "./pod-status.ts";
import { emptyRuntimePod, type RuntimePod } from "./runtime-status.ts";

function compute(pod: Pod, runtimePod: RuntimePod, more: Partial<Parameters<typeof computePodStatus>[0]> = {}) {
  return computePodStatus({
    pod,
    runtimePod,
    previous: pod.status ?? {},
    terminal: false,
    runtimeName: "containerd",
    hostIP: "192.168.1.1",
    waitingReason: () => undefined,
    applyProbes(_, status) {
      for (const container of [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]) {
        container.started = container.state?.running !== undefined;
        container.ready = container.started || container.state?.terminated?.exitCode === 0;
      }
    },
    ...more,
  });
}

const conditions = ({ conditions = [] }: PodStatus): Record<string, string> =>
  Object.fromEntries(conditions.map(({ type, status }) => [type, status]));

const nothing = emptyRuntimePod("uid-1", "p", "default");

describe("computePodStatus", () => {
  it("reports a pod that has nothing yet as pending", () => {
    const status = compute(makePod(), nothing);
    expect(status.phase).toBe("Pending");
    expect(status.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: "ContainerCreating" } });
    expect(conditions(status)).toEqual({
      PodReadyToStartContainers: "False",
      Initialized: "True",
      Ready: "False",
      ContainersReady: "False",
      PodScheduled: "True",
    });
    const ready = status.conditions?.find(({ type }) => type === "Ready");
    expect(ready).toMatchObject({
      reason: "ContainersNotReady",
      message: "containers with unready status: [c]",
    });
  });

  it("reports a running pod as ready, with its addresses", () => {
    const status = compute(makePod(), makeRuntimePod(makeContainer("c", "running")));
    expect(status).toMatchObject({
      phase: "Running",
      podIP: "10.0.0.2",
      podIPs: [{ ip: "10.0.0.2" }],
      hostIP: "192.168.1.1",
      qosClass: "BestEffort",
    });
    expect(conditions(status)).toMatchObject({ Ready: "True", ContainersReady: "True", Initialized: "True" });
    expect(status.containerStatuses?.[0]).toMatchObject({ containerID: "containerd://c-id", restartCount: 0 });
  });

  it.each([
    ["Never", 0, "Succeeded"],
    ["Never", 1, "Failed"],
    ["OnFailure", 0, "Succeeded"],
    ["OnFailure", 1, "Running"],
    ["Always", 0, "Running"],
  ])("restartPolicy %s and exit code %i: %s", (restartPolicy, exitCode, phase) => {
    const status = compute(makePod({ restartPolicy }), makeRuntimePod(makeContainer("c", "exited", { exitCode })));
    expect(status.phase).toBe(phase);
  });

  it("ends a pod that is killed by how its containers ended", () => {
    const ended = makeRuntimePod(makeContainer("c", "exited", { exitCode: 137 }));
    expect(compute(makePod(), ended, { terminal: true }).phase).toBe("Failed");
    expect(compute(makePod(), makeRuntimePod(makeContainer("c", "exited")), { terminal: true }).phase).toBe(
      "Succeeded",
    );
  });

  it("never leaves a final phase", () => {
    const pod = makePod();
    const status = compute({ ...pod, status: { phase: "Failed" } }, makeRuntimePod(makeContainer("c", "running")));
    expect(status.phase).toBe("Failed");
    expect(status.conditions?.find(({ type }) => type === "Ready")).toMatchObject({ reason: "PodFailed" });
  });

  it("shows why a container does not start, and what became of it before", () => {
    const pod = makePod();
    const status = compute(pod, makeRuntimePod(makeContainer("c", "exited", { exitCode: 1, reason: "Error" })), {
      waitingReason: () => ({ reason: "CrashLoopBackOff", message: "back-off 10s" }),
    });
    expect(status.containerStatuses?.[0]?.state).toEqual({
      waiting: { reason: "CrashLoopBackOff", message: "back-off 10s" },
    });
    expect(status.containerStatuses?.[0]?.lastState?.terminated).toMatchObject({ exitCode: 1, reason: "Error" });
    expect(status.phase).toBe("Running");
  });

  it("stays pending until init containers are done", () => {
    const pod = makePod({ initContainers: [busybox("i")] });
    const running = compute(pod, makeRuntimePod(makeContainer("i", "running")));
    expect(running.phase).toBe("Pending");
    expect(running.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: "PodInitializing" } });
  });

  it("waits for readiness gates", () => {
    const pod = makePod({ readinessGates: [{ conditionType: "example.com/gate" }] });
    const running = makeRuntimePod(makeContainer("c", "running"));
    const ready = (status: PodStatus) => status.conditions?.find(({ type }) => type === "Ready");
    expect(ready(compute(pod, running))).toMatchObject({ status: "False", reason: "ReadinessGatesNotReady" });
    const opened = { ...pod, status: { conditions: [{ type: "example.com/gate", status: "True" }] } };
    expect(ready(compute(opened, running))).toMatchObject({ status: "True" });
  });

  it("keeps the last address of a pod whose sandbox is gone", () => {
    const status = compute(makePod({ restartPolicy: "Never" }), nothing, {
      previous: { phase: "Succeeded", podIP: "10.0.0.9", podIPs: [{ ip: "10.0.0.9" }] },
    });
    expect(status.podIP).toBe("10.0.0.9");
  });

  it("says why the kubelet ended the pod", () => {
    const verdict = { reason: "DeadlineExceeded", message: "too long" };
    expect(compute(makePod(), makeRuntimePod(makeContainer("c", "running")), { verdict })).toMatchObject({
      phase: "Failed",
      ...verdict,
    });
  });

  it("says of a pod that was not taken in no more than why", () => {
    const status = { qosClass: "Burstable", conditions: [{ type: "PodScheduled", status: "True" }] };
    const verdict = { reason: "OutOfcpu", message: "Pod was rejected: no cpu", refused: true };
    const pod: Pod = { ...makePod(), status };
    expect(compute(pod, nothing, { verdict })).toEqual({
      qosClass: "Burstable",
      phase: "Failed",
      reason: "OutOfcpu",
      message: "Pod was rejected: no cpu",
      conditions: [],
    });
  });

  it.each([
    { verdict: { reason: "Evicted", message: "no memory", disruption: true }, disrupted: true },
    { verdict: { reason: "Evicted", message: "over its own limit" }, disrupted: false },
  ])("tells a disruption from the pod's own fault: $verdict.message", ({ verdict, disrupted }) => {
    const pod = makePod({}, { generation: 2 });
    const status = compute(pod, makeRuntimePod(makeContainer("c", "running")), { verdict });
    expect(status).toMatchObject({ phase: "Failed", reason: "Evicted", message: verdict.message });
    expect(status).not.toHaveProperty("disruption");
    const { message } = verdict;
    const reason = "TerminationByKubelet";
    const condition = { type: "DisruptionTarget", observedGeneration: 2, status: "True", reason, message };
    expect(status.conditions?.filter(({ type }) => type === condition.type)).toMatchObject(
      disrupted ? [condition] : [],
    );
  });
});
