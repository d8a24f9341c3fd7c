import { describe, expect, it } from "vitest";
import { busybox, makeContainer, makePod, makeRuntimePod } from "../testing/runtime-objects.ts";
import { computePodActions, type ProbeResults } from "./actions.ts";
import { emptyRuntimePod } from "./runtime-status.ts";

const healthy: ProbeResults = { liveness: () => undefined, startup: () => undefined };
const sidecar = busybox("side", { restartPolicy: "Always" });

describe("computePodActions", () => {
  it("makes a sandbox and starts all containers of a new pod", () => {
    const pod = makePod({ containers: [busybox("a"), busybox("b")] });
    const actions = computePodActions(pod, emptyRuntimePod("uid-1", "p", "default"), healthy);
    expect(actions).toMatchObject({ createSandbox: true, attempt: 0, initContainers: [], containers: [0, 1] });
  });

  it("begins with the first init container", () => {
    const pod = makePod({ initContainers: [busybox("i"), busybox("j")] });
    const actions = computePodActions(pod, emptyRuntimePod("uid-1", "p", "default"), healthy);
    expect(actions).toMatchObject({ createSandbox: true, initContainers: [0], containers: [] });
  });

  it("goes on with the next init container, then with the regular ones", () => {
    const pod = makePod({ initContainers: [busybox("i"), busybox("j")] });
    const first = makeRuntimePod(makeContainer("i", "exited"));
    expect(computePodActions(pod, first, healthy)).toMatchObject({ initContainers: [1], containers: [] });
    const both = makeRuntimePod(makeContainer("j", "exited"), makeContainer("i", "exited"));
    expect(computePodActions(pod, both, healthy)).toMatchObject({ initContainers: [], containers: [0] });
  });

  it("waits for a sidecar's startup probe before it goes on", () => {
    const probed = { ...sidecar, startupProbe: { exec: { command: ["true"] } } };
    const pod = makePod({ initContainers: [probed] });
    const running = makeRuntimePod(makeContainer("side", "running"));
    expect(computePodActions(pod, running, healthy).containers).toEqual([]);
    const started: ProbeResults = { ...healthy, startup: () => "success" };
    expect(computePodActions(pod, running, started).containers).toEqual([0]);
  });

  it("restarts a sidecar while the pod runs", () => {
    const pod = makePod({ initContainers: [sidecar] });
    const state = makeRuntimePod(makeContainer("c", "running"), makeContainer("side", "exited"));
    expect(computePodActions(pod, state, healthy)).toMatchObject({ initContainers: [0], containers: [] });
  });

  it("gives a pod up whose init container failed for good", () => {
    const pod = makePod({ restartPolicy: "Never", initContainers: [busybox("i")] });
    const failed = makeRuntimePod(makeContainer("i", "exited", { exitCode: 1 }));
    expect(computePodActions(pod, failed, healthy)).toMatchObject({ killPod: true, createSandbox: false });
  });

  it.each([
    ["Always", 0, [0]],
    ["OnFailure", 0, []],
    ["OnFailure", 1, [0]],
    ["Never", 1, []],
  ])("restartPolicy %s after exit code %i starts %j", (restartPolicy, exitCode, started) => {
    const pod = makePod({ restartPolicy });
    const actions = computePodActions(pod, makeRuntimePod(makeContainer("c", "exited", { exitCode })), healthy);
    expect(actions.containers).toEqual(started);
    expect(actions.killPod).toBe(started.length === 0);
  });

  it("kills and restarts a container that fails its liveness probe", () => {
    const dead: ProbeResults = { ...healthy, liveness: () => "failure" };
    const actions = computePodActions(makePod(), makeRuntimePod(makeContainer("c", "running")), dead);
    expect(actions.containers).toEqual([0]);
    expect(actions.kill.get("c-id")).toMatchObject({
      message: "Container c failed liveness probe, will be restarted",
      reason: "LivenessProbe",
    });
  });

  it("replaces a container whose image changed", () => {
    const pod = makePod({ containers: [{ name: "c", image: "other" }] });
    const actions = computePodActions(pod, makeRuntimePod(makeContainer("c", "running")), healthy);
    expect(actions.kill.get("c-id")?.message).toBe("Container c definition changed, will be restarted");
  });

  it("makes the next sandbox when the old one is not ready", () => {
    const state = makeRuntimePod(makeContainer("c", "exited"));
    const lost = { ...state, sandboxes: state.sandboxes.map((sandbox) => ({ ...sandbox, ready: false })) };
    const actions = computePodActions(makePod(), lost, healthy);
    expect(actions).toMatchObject({ killPod: true, createSandbox: true, attempt: 1, containers: [0] });
  });

  it("starts ephemeral containers once", () => {
    const pod = makePod({ ephemeralContainers: [busybox("debug")] });
    const running = makeRuntimePod(makeContainer("c", "running"));
    expect(computePodActions(pod, running, healthy).ephemeralContainers).toEqual([0]);
    const started = makeRuntimePod(makeContainer("c", "running"), makeContainer("debug", "exited"));
    expect(computePodActions(pod, started, healthy).ephemeralContainers).toEqual([]);
  });
});
