/** The last two points of every node and container, and the use between them. */
import type { Point, Scrape } from "./exposition.ts";

/** Use over the `windowMs` before `at`, in billionths of a core and bytes. */
export interface Measurement {
  readonly at: number;
  readonly windowMs: number;
  readonly nanocores: number;
  readonly memoryBytes: number;
}

interface Track {
  readonly last: Point;
  readonly previous: Point | undefined;
}

interface NodeHistory {
  readonly node: Track | undefined;
  readonly pods: ReadonlyMap<string, ReadonlyMap<string, Track>>;
}

/** Below this, the average since the start of a container says little; as metrics-server. */
const freshMinimumMs = 10_000;
/** Beyond this, it hides what the container does now. */
const freshMaximumMs = 60_000;

export class UsageHistory {
  readonly #nodes = new Map<string, NodeHistory>();

  add(nodeName: string, { node, pods }: Scrape): void {
    const before = this.#nodes.get(nodeName);
    const tracks = new Map<string, ReadonlyMap<string, Track>>();
    for (const [key, containers] of pods) {
      const known = before?.pods.get(key);
      tracks.set(key, new Map([...containers].map(([name, point]) => [name, follow(known?.get(name), point)])));
    }
    this.#nodes.set(nodeName, { node: node && follow(before?.node, node), pods: tracks });
  }

  forget(nodeName: string): void {
    this.#nodes.delete(nodeName);
  }

  nodeNames(): Iterable<string> {
    return this.#nodes.keys();
  }

  /** When the node was seen last, in milliseconds since the epoch; undefined where it never was. */
  newest(nodeName: string): number | undefined {
    return this.#nodes.get(nodeName)?.node?.last.at;
  }

  ofNode(nodeName: string): Measurement | undefined {
    const track = this.#nodes.get(nodeName)?.node;
    return track && measure(track);
  }

  /** Container name to measurement; undefined while a container of the pod has no two points. */
  ofPod(nodeName: string, namespace: string, name: string): ReadonlyMap<string, Measurement> | undefined {
    const tracks = this.#nodes.get(nodeName)?.pods.get(`${namespace}/${name}`);
    if (tracks === undefined) return undefined;
    const measured = new Map<string, Measurement>();
    for (const [container, track] of tracks) {
      const measurement = measure(track);
      if (measurement === undefined) return undefined;
      measured.set(container, measurement);
    }
    return measured;
  }
}

/** A point that is no newer changes nothing; one of a container that was restarted begins anew. */
function follow(before: Track | undefined, point: Point): Track {
  const age = point.at - point.started;
  const known = before !== undefined && point.started < before.last.at ? before : undefined;
  if (known !== undefined) return point.at > known.last.at ? { last: point, previous: known.last } : known;
  const fresh = point.started > 0 && age >= freshMinimumMs && age < freshMaximumMs;
  return { last: point, previous: fresh ? { ...point, at: point.started, cpuNanoseconds: 0 } : undefined };
}

/** A counter that went backwards gives nothing. */
function measure({ last, previous }: Track): Measurement | undefined {
  if (previous === undefined || last.cpuNanoseconds < previous.cpuNanoseconds) return undefined;
  const windowMs = Math.round(last.at - previous.at);
  const nanocores = Math.floor(((last.cpuNanoseconds - previous.cpuNanoseconds) / (last.at - previous.at)) * 1000);
  return { at: last.at, windowMs, nanocores, memoryBytes: last.memoryBytes };
}
