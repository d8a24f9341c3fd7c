/** The columns of `kubectl get pods`. Ready, Status and Restarts come from one walk over the container statuses. */
import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn, orNone, since } from "../../column-parts.ts";
import type { Pod } from "../../generated/core-v1.ts";
import { type PodSummary, summarizePod } from "./pod-summary.ts";

let summarized: Pod | undefined;
let summary: PodSummary | undefined;

/** A row's cells are asked for one after the other, so remembering the last pod spares two walks of three. */
function summaryOf(pod: Pod): PodSummary {
  if (summary === undefined || summarized !== pod) {
    summary = summarizePod(pod);
    summarized = pod;
  }
  return summary;
}

function restarts(pod: Pod, now: number): string {
  const { restarts: count, lastRestart } = summaryOf(pod);
  return count > 0 && lastRestart !== "" ? `${count} (${since(lastRestart, now)} ago)` : String(count);
}

function readinessGates({ spec, status }: Pod): string {
  const gates = spec?.readinessGates ?? [];
  if (gates.length === 0) return "<none>";
  const met = gates.filter(
    ({ conditionType }) => status?.conditions?.find(({ type }) => type === conditionType)?.status === "True",
  );
  return `${met.length}/${gates.length}`;
}

export const podColumns: readonly Column<Pod>[] = [
  nameColumn(),
  { name: "Ready", type: "string", value: (pod) => `${summaryOf(pod).ready}/${summaryOf(pod).total}` },
  { name: "Status", type: "string", value: (pod) => summaryOf(pod).reason },
  { name: "Restarts", type: "string", value: restarts },
  ageColumn(),
  { name: "IP", type: "string", priority: 1, value: ({ status }) => orNone(status?.podIPs?.[0]?.ip) },
  { name: "Node", type: "string", priority: 1, value: ({ spec }) => orNone(spec?.nodeName) },
  { name: "Nominated Node", type: "string", priority: 1, value: ({ status }) => orNone(status?.nominatedNodeName) },
  { name: "Readiness Gates", type: "string", priority: 1, value: readinessGates },
];
