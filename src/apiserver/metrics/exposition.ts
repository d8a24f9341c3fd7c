/** Reads what a kubelet answers under /metrics/resource: Prometheus' text form, version 0.0.4. */

/** Cumulative figures of a node or a container at one moment. */
export interface Point {
  /** When counting began, in milliseconds since the epoch; 0 where that is not told. */
  readonly started: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly cpuNanoseconds: number;
  /** The working set. */
  readonly memoryBytes: number;
}

export interface Scrape {
  /** Undefined where the kubelet does not tell both figures. */
  readonly node: Point | undefined;
  /** `namespace/name` to container name to point. */
  readonly pods: ReadonlyMap<string, ReadonlyMap<string, Point>>;
}

type Mutable = { -readonly [Key in keyof Point]: Point[Key] };

const sample = /^(\w+)(?:\{(.*)\})? (\S+)(?: (-?\d+))?$/;
const label = /\b(\w+)="((?:[^"\\]|\\.)*)"/g;

/** `now` stands for timestamps that are missing. A pod of which a container has no figures is left out. */
export function parseResourceMetrics(text: string, now: number): Scrape {
  const node: Mutable = emptyPoint();
  const pods = new Map<string, Map<string, Mutable>>();
  for (const line of text.split("\n")) {
    if (!line.startsWith("node_") && !line.startsWith("container_")) continue;
    const [, name = "", labels = "", value, timestamp] = sample.exec(line) ?? [];
    const point = labels === "" ? node : containerPoint(pods, labels);
    if (setFigure(point, name, Number(value)) && !name.endsWith("start_time_seconds")) {
      point.at = Number(timestamp ?? now);
    }
  }
  for (const [key, containers] of pods) {
    if (![...containers.values()].every(isComplete)) pods.delete(key);
  }
  return { node: isComplete(node) ? node : undefined, pods };
}

const emptyPoint = (): Mutable => ({ started: 0, at: 0, cpuNanoseconds: 0, memoryBytes: 0 });

const isComplete = (point: Point): boolean => point.cpuNanoseconds > 0 && point.memoryBytes > 0;

function containerPoint(pods: Map<string, Map<string, Mutable>>, labels: string): Mutable {
  const named = Object.fromEntries([...labels.matchAll(label)].map(([, name = "", value = ""]) => [name, value]));
  const key = `${named["namespace"]}/${named["pod"]}`;
  const containers = pods.get(key) ?? new Map<string, Mutable>();
  pods.set(key, containers);
  const container = named["container"] ?? "";
  const point = containers.get(container) ?? emptyPoint();
  containers.set(container, point);
  return point;
}

/** Whether the metric is one of ours. */
function setFigure(point: Mutable, name: string, value: number): boolean {
  switch (name) {
    case "node_cpu_usage_seconds_total":
    case "container_cpu_usage_seconds_total":
      point.cpuNanoseconds = Math.floor(value * 1e9);
      return true;
    case "node_memory_working_set_bytes":
    case "container_memory_working_set_bytes":
      point.memoryBytes = value;
      return true;
    case "container_start_time_seconds":
      point.started = value * 1000;
      return true;
    default:
      return false;
  }
}
