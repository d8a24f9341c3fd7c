/** Figures of node and containers in Prometheus' text form: /metrics/resource and /metrics/cadvisor. */
import type { ContainerUsage } from "./container-usage.ts";
import type { NodeUsage } from "./node-usage.ts";

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** Milliseconds since the epoch; absent: when it is read. */
  readonly at?: number;
}

/** What upstream's resource metrics collector gives, which metrics-server reads. */
export function resourceMetrics(containers: readonly ContainerUsage[], node: NodeUsage, now: number): string {
  const perContainer = (value: (one: ContainerUsage) => number): Sample[] =>
    containers.map((one) => ({ labels: containerLabels(one), value: value(one), at: one.at }));
  const pods = [...Map.groupBy(containers, ({ pod }) => pod.uid).values()];
  const perPod = (value: (one: ContainerUsage) => number): Sample[] =>
    pods.map((members) => ({
      labels: podLabels(members[0] as ContainerUsage),
      value: members.reduce((sum, one) => sum + value(one), 0),
      at: Math.min(...members.map(({ at }) => at)),
    }));
  const cpu = (one: ContainerUsage): number => one.cpuNanoseconds / 1e9;
  const workingSet = (one: ContainerUsage): number => one.memory.workingSet;
  const failures = "1 if there was an error while getting container metrics, 0 otherwise";
  const started = containers.map((one) => ({ labels: containerLabels(one), value: one.started / 1000 }));
  return [
    counter(
      "container_cpu_usage_seconds_total",
      "Cumulative cpu time consumed by the container in core-seconds",
      perContainer(cpu),
    ),
    gauge(
      "container_memory_working_set_bytes",
      "Current working set of the container in bytes",
      perContainer(workingSet),
    ),
    gauge("container_start_time_seconds", "Start time of the container since unix epoch in seconds", started),
    counter("node_cpu_usage_seconds_total", "Cumulative cpu time consumed by the node in core-seconds", [
      { value: node.cpuNanoseconds / 1e9, at: now },
    ]),
    gauge("node_memory_working_set_bytes", "Current working set of the node in bytes", [
      { value: node.memory.workingSet, at: now },
    ]),
    counter("pod_cpu_usage_seconds_total", "Cumulative cpu time consumed by the pod in core-seconds", perPod(cpu)),
    gauge("pod_memory_working_set_bytes", "Current working set of the pod in bytes", perPod(workingSet)),
    gauge("resource_scrape_error", failures, [{ value: 0 }]),
    gauge("scrape_error", `(Deprecated since 1.29.0) ${failures}`, [{ value: 0 }]),
  ].join("");
}

/** The two figures that dashboards take from cAdvisor. */
export function containerMetrics(containers: readonly ContainerUsage[]): string {
  return [
    counter(
      "container_cpu_usage_seconds_total",
      "Cumulative cpu time consumed in seconds.",
      containers.map((one) => ({
        labels: { ...containerLabels(one), cpu: "total" },
        value: one.cpuNanoseconds / 1e9,
        at: one.at,
      })),
    ),
    gauge(
      "container_memory_working_set_bytes",
      "Current working set in bytes.",
      containers.map((one) => ({ labels: containerLabels(one), value: one.memory.workingSet, at: one.at })),
    ),
  ].join("");
}

export function counter(name: string, help: string, samples: readonly Sample[]): string {
  return family(name, "counter", help, samples);
}

export function gauge(name: string, help: string, samples: readonly Sample[]): string {
  return family(name, "gauge", help, samples);
}

/** Nothing without samples, as Prometheus' own library. */
function family(name: string, type: "counter" | "gauge", help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const lines = samples.map(({ labels = {}, value, at }) => {
    const list = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
    const series = list.length === 0 ? name : `${name}{${list.join(",")}}`;
    return at === undefined ? `${series} ${value}\n` : `${series} ${value} ${Math.floor(at)}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

/** As the text form has it within quotes. */
const escapeLabel = (text: string): string => text.replace(/[\\"\n]/g, (one) => (one === "\n" ? "\\n" : `\\${one}`));

const podLabels = ({ pod }: ContainerUsage): Record<string, string> => ({ namespace: pod.namespace, pod: pod.name });

const containerLabels = (one: ContainerUsage): Record<string, string> => ({ container: one.name, ...podLabels(one) });
