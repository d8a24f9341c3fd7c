import type { FlowCounts } from "./flow-counts.ts";
import type { PriorityLevel } from "./priority-level.ts";

type LevelReading = (level: PriorityLevel) => number;
type FlowReading = (counts: FlowCounts) => number;

const prefix = "apiserver_flowcontrol_";

const levelGauges: readonly [string, LevelReading][] = [
  ["nominal_limit_seats", ({ limits }) => limits.nominal],
  // The older name of the same.
  ["request_concurrency_limit", ({ limits }) => limits.nominal],
  ["lower_limit_seats", ({ limits }) => limits.lower],
  ["upper_limit_seats", ({ limits }) => limits.upper],
  ["current_limit_seats", ({ current }) => current],
  ["demand_seats_high_watermark", ({ demand }) => demand.highWatermark],
  ["demand_seats_smoothed", ({ demand }) => demand.smoothed],
];

const flowGauges: readonly [string, FlowReading][] = [
  ["current_executing_requests", ({ executing }) => executing],
  ["current_executing_seats", ({ executingSeats }) => executingSeats],
  ["current_inqueue_requests", ({ waiting }) => waiting],
];

/** Priority levels and the flow schemas that led to them, under upstream's names, in Prometheus' text form. */
export function renderFlowMetrics(levels: readonly PriorityLevel[]): string {
  const lines: string[] = [];
  for (const [name, read] of levelGauges) {
    lines.push(`# TYPE ${prefix}${name} gauge`);
    for (const level of levels) lines.push(`${prefix}${name}{priority_level="${level.name}"} ${read(level)}`);
  }
  const flows = levels.flatMap(({ name, counts }) =>
    [...counts].map(([schema, one]) => ({ labels: `flow_schema="${schema}",priority_level="${name}"`, one })),
  );
  for (const [name, read] of flowGauges) {
    lines.push(`# TYPE ${prefix}${name} gauge`);
    for (const { labels, one } of flows) lines.push(`${prefix}${name}{${labels}} ${read(one)}`);
  }
  lines.push(`# TYPE ${prefix}dispatched_requests_total counter`);
  for (const { labels, one } of flows) lines.push(`${prefix}dispatched_requests_total{${labels}} ${one.dispatched}`);
  lines.push(`# TYPE ${prefix}rejected_requests_total counter`);
  for (const { labels, one } of flows) {
    for (const [reason, count] of one.rejected) {
      lines.push(`${prefix}rejected_requests_total{${labels},reason="${reason}"} ${count}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
