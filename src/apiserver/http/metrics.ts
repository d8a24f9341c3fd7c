/**
 * The server's own metrics in Prometheus' text form, under upstream's names. A counter is an entry of a Map, found by
 * the parts of its labels, so that counting a request costs less than a microsecond.
 */

import { memoryUsage } from "node:process";
import { valueAt } from "../../machinery/meta/accessors.ts";
import type { RequestInfo } from "../types.ts";

/** Seconds, upstream's buckets. */
const buckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

interface Series {
  readonly labels: string;
  readonly codes: Map<number, number>;
  readonly counts: number[];
  sum: number;
  total: number;
}

/** What a request is counted as. */
type Counted = Pick<
  RequestInfo,
  "verb" | "group" | "version" | "resource" | "subresource" | "isResourceRequest" | "name" | "namespace"
>;

/** All that ask for what is not served are one series: labels are not for clients to make up. */
const unknownRequest: Counted = {
  verb: "",
  group: "",
  version: "",
  resource: "",
  subresource: "",
  isResourceRequest: false,
  name: "",
  namespace: "",
};

export class RequestMetrics {
  readonly #series = new Map<string, Series>();
  readonly #gauges: () => Readonly<Record<string, number>>;
  readonly #isServed: (info: RequestInfo) => boolean;

  /** `gauges` gives further values when the metrics are read; `isServed` says whether the labels are those of a resource. */
  constructor(gauges: () => Readonly<Record<string, number>>, isServed: (info: RequestInfo) => boolean) {
    this.#gauges = gauges;
    this.#isServed = isServed;
  }

  /** `seconds` is undefined for long-running requests, which are counted and not timed. */
  observe(info: RequestInfo, code: number, seconds: number | undefined): void {
    const series = this.#series.get(keyOf(info)) ?? this.#newSeries(info);
    series.codes.set(code, (series.codes.get(code) ?? 0) + 1);
    if (seconds === undefined) return;
    series.sum += seconds;
    series.total++;
    const index = buckets.findIndex((bound) => seconds <= bound);
    if (index >= 0) series.counts[index] = (series.counts[index] as number) + 1;
  }

  #newSeries(info: RequestInfo): Series {
    const known = knownVerbs.has(info.verb) && (!info.isResourceRequest || this.#isServed(info));
    const counted = known ? info : unknownRequest;
    const key = keyOf(counted);
    let series = this.#series.get(key);
    if (series === undefined) {
      const counts = new Array<number>(buckets.length).fill(0);
      series = { labels: labelsOf(counted), codes: new Map(), counts, sum: 0, total: 0 };
      this.#series.set(key, series);
    }
    return series;
  }

  render(): string {
    const lines = ["# TYPE apiserver_request_total counter"];
    for (const { labels, codes } of this.#series.values()) {
      for (const [code, count] of codes) lines.push(`apiserver_request_total{code="${code}",${labels}} ${count}`);
    }
    lines.push("# TYPE apiserver_request_duration_seconds histogram");
    for (const series of this.#series.values()) lines.push(...histogram(series));
    const { rss } = memoryUsage();
    const values = { process_resident_memory_bytes: rss, process_cpu_seconds_total: cpuSeconds(), ...this.#gauges() };
    for (const [name, value] of Object.entries(values)) {
      lines.push(`# TYPE ${name.replace(/\{.*/, "")} gauge`, `${name} ${value}`);
    }
    return `${lines.join("\n")}\n`;
  }
}

function histogram({ labels, counts, sum, total }: Series): string[] {
  const name = "apiserver_request_duration_seconds";
  let cumulative = 0;
  const lines = counts.map((count, index) => {
    cumulative += count;
    return `${name}_bucket{${labels},le="${buckets[index]}"} ${cumulative}`;
  });
  return [
    ...lines,
    `${name}_bucket{${labels},le="+Inf"} ${total}`,
    `${name}_sum{${labels}} ${sum}`,
    `${name}_count{${labels}} ${total}`,
  ];
}

const keyOf = (info: Counted): string =>
  `${info.verb} ${info.group} ${info.version} ${info.resource} ${info.subresource} ${scopeOf(info)}`;

/** Of resources, and methods of HTTP for what is none. */
const knownVerbs: ReadonlySet<string> = new Set([
  ...["create", "get", "list", "watch", "update", "patch", "delete", "deletecollection", "proxy"],
  ...["post", "put", "head", "options"],
]);

function labelsOf(info: Counted): string {
  const { group, version, resource, subresource } = info;
  const verb =
    info.verb === "deletecollection" ? "DELETECOLLECTION" : (valueAt(httpVerbs, info.verb) ?? info.verb.toUpperCase());
  return `component="apiserver",group="${group}",resource="${resource}",scope="${scopeOf(info)}",subresource="${subresource}",verb="${verb}",version="${version}"`;
}

const httpVerbs: Readonly<Record<string, string>> = { create: "POST", update: "PUT" };

function scopeOf({ isResourceRequest, name, namespace, verb }: Counted): string {
  if (!isResourceRequest) return "";
  if (name !== "" || verb === "create") return "resource";
  return namespace !== "" ? "namespace" : "cluster";
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
