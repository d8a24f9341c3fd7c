import type { Column } from "../../../machinery/kind.ts";
import { nameColumn, since } from "../../column-parts.ts";
import type { Event } from "../../generated/core-v1.ts";

function firstSeen({ firstTimestamp, eventTime }: Event, now: number): string {
  return since(firstTimestamp || eventTime, now);
}

function lastSeen(event: Event, now: number): string {
  if (event.series !== undefined) return since(event.series.lastObservedTime, now);
  return event.lastTimestamp ? since(event.lastTimestamp, now) : firstSeen(event, now);
}

function object({ involvedObject }: Event): string {
  const kind = (involvedObject?.kind ?? "").toLowerCase();
  return involvedObject?.name ? `${kind}/${involvedObject.name}` : kind;
}

function source({ source: given, reportingComponent, reportingInstance }: Event): string {
  const component = given?.component || reportingComponent || "";
  const instance = given?.host || reportingInstance || "";
  return instance === "" ? component : `${component}, ${instance}`;
}

export const eventColumns: readonly Column<Event>[] = [
  { name: "Last Seen", type: "string", value: lastSeen },
  { name: "Type", type: "string", value: ({ type }) => type ?? "" },
  { name: "Reason", type: "string", value: ({ reason }) => reason ?? "" },
  { name: "Object", type: "string", value: object },
  { name: "Subobject", type: "string", priority: 1, value: ({ involvedObject }) => involvedObject?.fieldPath ?? "" },
  { name: "Source", type: "string", priority: 1, value: source },
  { name: "Message", type: "string", value: ({ message }) => (message ?? "").trim() },
  { name: "First Seen", type: "string", priority: 1, value: firstSeen },
  { name: "Count", type: "string", priority: 1, value: ({ series, count }) => series?.count ?? (count || 1) },
  { ...nameColumn<Event>(), priority: 1 },
];
