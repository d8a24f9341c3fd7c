/**
 * Figures of the node, its pods and their containers, as the Summary API and in Prometheus' text form. Fed by the runtime,
 * the node's control groups and its disk, whenever somebody asks; feeds the kubelet's server.
 */
import { isStaticPod } from "../pods/labels.ts";
import type { PodWorker } from "../pods/pod-worker.ts";
import { claimMetrics } from "./claim-metrics.ts";
import { readContainerUsage } from "./container-usage.ts";
import type { Counters } from "./counters.ts";
import { containerMetrics, gauge, resourceMetrics, type Sample } from "./exposition.ts";
import { readNodeUsage } from "./node-usage.ts";
import { createSummary, type SummaryInput, type SummaryScope } from "./summary.ts";

export interface StatsSource {
  /** stats.k8s.io/v1alpha1 Summary. */
  summary(scope: SummaryScope): Promise<object>;
  /** `path`: empty, `resource`, `cadvisor` or `probes`. */
  metrics(path: string): Promise<string>;
}

export interface StatsInput extends SummaryInput {
  readonly counters: Counters;
  /** In Prometheus' text form. */
  probeMetrics(): string;
}

export function createStatsSource(input: StatsInput): StatsSource {
  const { runtime, clock, settings, manager, volumes } = input;

  const kubeletMetrics = async (): Promise<string> => {
    const workers = [...manager.workers()];
    const active = workers.filter(({ state }) => state === "syncing");
    const running = workers.filter(({ runtimePod }) => runtimePod.sandboxes.some(({ ready }) => ready));
    const claims = await Promise.all(active.map(({ pod }) => volumes.read(pod)));
    return [
      gauge(
        "kubelet_active_pods",
        "The number of pods the kubelet considers active and which are being considered when admitting new pods. static is true if the pod is not from the apiserver.",
        bySource(active),
      ),
      gauge(
        "kubelet_desired_pods",
        "The number of pods the kubelet is being instructed to run. static is true if the pod is not from the apiserver.",
        bySource(workers),
      ),
      gauge("kubelet_node_name", "The node's name. The count is always 1.", [
        { labels: { node: settings.nodeName }, value: 1 },
      ]),
      gauge("kubelet_running_containers", "Number of containers currently running", byState(workers)),
      gauge("kubelet_running_pods", "Number of pods that have a running pod sandbox", [{ value: running.length }]),
      input.counters.render(),
      claimMetrics(claims.flatMap(({ others }) => others)),
      gauge("process_resident_memory_bytes", "Resident memory size in bytes.", [{ value: process.memoryUsage.rss() }]),
    ].join("");
  };

  return {
    summary: createSummary(input),
    async metrics(path) {
      if (path === "probes") return input.probeMetrics();
      if (path === "") return kubeletMetrics();
      const containers = await readContainerUsage(runtime, clock.now());
      if (path === "cadvisor") return containerMetrics(containers);
      return resourceMetrics(containers, await readNodeUsage(), clock.now());
    },
  };
}

function bySource(workers: readonly PodWorker[]): Sample[] {
  const fixed = workers.filter(({ pod }) => isStaticPod(pod)).length;
  return [
    { labels: { static: "" }, value: workers.length - fixed },
    { labels: { static: "true" }, value: fixed },
  ];
}

function byState(workers: readonly PodWorker[]): Sample[] {
  const states = Map.groupBy(
    workers.flatMap(({ runtimePod }) => runtimePod.containers),
    ({ state }) => state,
  );
  return [...states].map(([state, { length }]) => ({ labels: { container_state: state }, value: length }));
}
