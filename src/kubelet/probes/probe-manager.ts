/**
 * The probes of every running container, and what they say: `started` and `ready` of container statuses, and which
 * containers must be killed.
 */
import { isSidecar } from "../../kinds/core/pod/container-aggregation.ts";
import type { Container, ContainerStatus, Pod, PodStatus, Probe } from "../../kinds/generated/core-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import type { ProbeOutcome, ProbeResults } from "../pods/actions.ts";
import { podUid } from "../pods/labels.ts";
import type { RecordPodEvent } from "../pods/pod-events.ts";
import { findContainer, type RuntimeContainer, type RuntimePod } from "../pods/runtime-status.ts";
import { counter, type Sample } from "../stats/exposition.ts";
import { runProbe } from "./probe-runner.ts";
import { type ProbeKind, ProbeWorker } from "./probe-worker.ts";

export interface ProbeManager extends ProbeResults {
  /** Starts the probes of new containers and ends those of old ones. */
  sync(pod: Pod, runtimePod: RuntimePod, state: "running" | "terminating" | "stopped"): void;
  /** Fills `ready` and `started`. Mutates the status. */
  apply(pod: Pod, status: PodStatus): void;
  /** How often which probe gave what, in Prometheus' text form. */
  metrics(): string;
  stop(): void;
}

export interface ProbeManagerDependencies {
  readonly runtime: RuntimeService;
  readonly clock: Clock;
  readonly nodeAddress: string;
  readonly event: RecordPodEvent;
  /** A result changed: the pod should be synced. */
  changed(uid: string): void;
}

interface ContainerProbes {
  readonly uid: string;
  readonly workers: Partial<Record<ProbeKind, ProbeWorker>>;
  readonly runs: Sample[];
}

const words: Record<ProbeKind, string> = { startup: "Startup", readiness: "Readiness", liveness: "Liveness" };

export function createProbeManager(dependencies: ProbeManagerDependencies): ProbeManager {
  const { runtime, clock, nodeAddress, event, changed } = dependencies;
  const byContainer = new Map<string, ContainerProbes>();

  const result = (id: string, kind: ProbeKind): ProbeOutcome | undefined => {
    const outcome = byContainer.get(id)?.workers[kind]?.result;
    return outcome === "unknown" ? undefined : outcome;
  };

  const startProbes = (pod: Pod, container: Container, status: RuntimeContainer, podIP: string): void => {
    const probes: Record<ProbeKind, Probe | undefined> = {
      startup: container.startupProbe,
      readiness: container.readinessProbe,
      liveness: container.livenessProbe,
    };
    const uid = podUid(pod);
    const workers: Partial<Record<ProbeKind, ProbeWorker>> = {};
    const runs: Sample[] = [];
    byContainer.set(status.id, { uid, workers, runs });
    for (const kind of ["startup", "readiness", "liveness"] as const) {
      const probe = probes[kind];
      if (probe === undefined) continue;
      workers[kind] = new ProbeWorker({
        kind,
        probe,
        clock,
        startedAt: status.startedAt,
        run: async () => {
          const answer = await runProbe(runtime, probe, { containerId: status.id, container, podIP });
          countRun(runs, { pod, container, kind, outcome: answer.outcome });
          return answer;
        },
        started: () => workers.startup === undefined || workers.startup.result === "success",
        failed: ({ outcome, output }) => {
          const what = outcome === "unknown" ? "errored and resulted in unknown state" : "failed";
          event(pod, "Warning", "Unhealthy", `${words[kind]} probe ${what}: ${output}`, container);
        },
        warned: (warning) => {
          event(pod, "Warning", "ProbeWarning", `${words[kind]} probe warning: ${warning}`, container);
        },
        changed: (outcome) => {
          if (kind === "startup" && outcome === "success") {
            workers.readiness?.hurry();
            workers.liveness?.hurry();
          }
          changed(uid);
        },
      });
    }
  };

  const stopContainer = (id: string, kinds: readonly ProbeKind[]): void => {
    for (const kind of kinds) byContainer.get(id)?.workers[kind]?.stop();
  };

  const isStarted = (container: Container, status: ContainerStatus): boolean => {
    if (status.state?.running === undefined) return false;
    if (container.startupProbe === undefined) return true;
    return result(runtimeId(status), "startup") === "success";
  };

  const isReady = (container: Container, status: ContainerStatus): boolean => {
    if (status.state?.running === undefined || status.started !== true) return false;
    return container.readinessProbe === undefined || result(runtimeId(status), "readiness") === "success";
  };

  const applyTo = (containers: readonly Container[], statuses: readonly ContainerStatus[] | undefined): void => {
    const specs = new Map(containers.map((container) => [container.name, container]));
    for (const status of statuses ?? []) {
      const container = specs.get(status.name);
      if (container === undefined) continue;
      status.started = isStarted(container, status);
      status.ready = isReady(container, status);
    }
  };

  return {
    liveness: (id) => result(id, "liveness"),
    startup: (id) => result(id, "startup"),
    sync(pod, runtimePod, state) {
      const uid = podUid(pod);
      const wanted = new Set<string>();
      const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter(isSidecar)];
      const podIP = pod.spec?.hostNetwork === true ? nodeAddress : (runtimePod.ips[0] ?? "");
      for (const container of containers) {
        const status = findContainer(runtimePod, container.name);
        if (status?.state !== "running" || state === "stopped") continue;
        wanted.add(status.id);
        if (!byContainer.has(status.id) && state === "running") startProbes(pod, container, status, podIP);
        // Readiness is still asked while a pod ends, so that it leaves its services when it says so.
        if (state === "terminating") stopContainer(status.id, ["startup", "liveness"]);
      }
      for (const [id, probes] of byContainer) {
        if (probes.uid !== uid || wanted.has(id)) continue;
        stopContainer(id, ["startup", "readiness", "liveness"]);
        byContainer.delete(id);
      }
    },
    apply(pod, status) {
      applyTo(pod.spec?.containers ?? [], status.containerStatuses);
      const init = pod.spec?.initContainers ?? [];
      applyTo(init.filter(isSidecar), status.initContainerStatuses);
      for (const container of status.initContainerStatuses ?? []) {
        if (init.some((one) => one.name === container.name && isSidecar(one))) continue;
        container.started = container.state?.running !== undefined;
        container.ready = container.state?.terminated?.exitCode === 0;
      }
    },
    metrics: () =>
      counter(
        "prober_probe_total",
        "Cumulative number of a liveness, readiness or startup probe for a container by result.",
        [...byContainer.values()].flatMap(({ runs }) => runs),
      ),
    stop() {
      for (const id of byContainer.keys()) stopContainer(id, ["startup", "readiness", "liveness"]);
      byContainer.clear();
    },
  };
}

interface ProbeRun {
  readonly pod: Pod;
  readonly container: Container;
  readonly kind: ProbeKind;
  readonly outcome: ProbeOutcome;
}

const results: Record<ProbeOutcome, string> = { success: "successful", failure: "failed", unknown: "unknown" };

function countRun(runs: Sample[], { pod, container, kind, outcome }: ProbeRun): void {
  const { name = "", namespace = "", uid = "" } = pod.metadata ?? {};
  const [probe_type, result] = [words[kind], results[outcome]];
  const index = runs.findIndex(({ labels = {} }) => labels["probe_type"] === probe_type && labels["result"] === result);
  const labels = { container: container.name, namespace, pod: name, pod_uid: uid, probe_type, result };
  if (index < 0) runs.push({ labels, value: 1 });
  else runs[index] = { labels, value: (runs[index]?.value ?? 0) + 1 };
}

/** `containerd://ID` → ID. */
function runtimeId({ containerID = "" }: ContainerStatus): string {
  return containerID.slice(containerID.indexOf("://") + 3);
}
