/**
 * What the kubelet counts over its life, under the names of upstream's metrics. Fed by whatever starts, ends, refuses and
 * evicts pods; read by /metrics.
 */
import { counter } from "./exposition.ts";

const help = {
  kubelet_admission_rejections_total: "Cumulative number pod admission rejections by the Kubelet.",
  kubelet_evictions: "Cumulative number of pod evictions by eviction signal",
  kubelet_image_garbage_collected_total:
    "Total number of images garbage collected by the kubelet, whether through disk usage or image age.",
  kubelet_started_containers_errors_total: "Cumulative number of errors when starting containers",
  kubelet_started_containers_total: "Cumulative number of containers started",
  kubelet_started_pods_errors_total: "Cumulative number of errors when starting pods",
  kubelet_started_pods_total: "Cumulative number of pods started",
  kubelet_terminated_containers_total: "Cumulative number of container terminations.",
} as const;

export type CounterName = keyof typeof help;
/** These are there from the start. */
const withoutLabels = ["kubelet_started_pods_errors_total", "kubelet_started_pods_total"] as const;
type Labels = Readonly<Record<string, string>>;

interface Count {
  readonly labels: Labels;
  value: number;
}

export interface Counters {
  /** Adds one. Labels are given in alphabetical order. */
  add(name: CounterName, labels?: Labels): void;
  /** In Prometheus' text form; what has labels and was never counted is left out. */
  render(): string;
}

export function createCounters(): Counters {
  const counts = new Map<CounterName, Map<string, Count>>(
    withoutLabels.map((name) => [name, new Map([["{}", { labels: {}, value: 0 }]])]),
  );
  return {
    add(name, labels = {}) {
      const ofName = counts.get(name) ?? new Map<string, Count>();
      counts.set(name, ofName);
      const key = JSON.stringify(labels);
      const entry = ofName.get(key) ?? { labels, value: 0 };
      entry.value++;
      ofName.set(key, entry);
    },
    render: () =>
      (Object.keys(help) as CounterName[])
        .map((name) => counter(name, help[name], [...(counts.get(name)?.values() ?? [])]))
        .join(""),
  };
}
