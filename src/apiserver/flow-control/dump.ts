/** What upstream shows at /debug/api_priority_and_fairness, in its text form: cells end with a comma, columns are aligned. */
import { formatApiVersion } from "../../machinery/meta/object.ts";
import type { FlowRequest } from "./flow-request.ts";
import type { PriorityLevel } from "./priority-level.ts";

type Row = readonly (string | number | boolean)[];

const levelColumns = [
  "PriorityLevelName",
  "ActiveQueues",
  "IsIdle",
  "IsQuiescing",
  "WaitingRequests",
  "ExecutingRequests",
  "DispatchedRequests",
  "RejectedRequests",
  "TimedoutRequests",
  "CancelledRequests",
];
const queueColumns = [
  "PriorityLevelName",
  "Index",
  "PendingRequests",
  "ExecutingRequests",
  "SeatsInUse",
  "NextDispatchR",
  "InitialSeatsSum",
  "MaxSeatsSum",
  "TotalWorkSum",
];
// As misspelt upstream.
const requestColumns = [
  "PriorityLevelName",
  "FlowSchemaName",
  "QueueIndex",
  "RequestIndexInQueue",
  "FlowDistingsher",
  "ArriveTime",
  "InitialSeats",
  "FinalSeats",
  "AdditionalLatency",
  "StartTime",
];
const detailColumns = ["UserName", "Verb", "APIPath", "Namespace", "Name", "APIVersion", "Resource", "SubResource"];

export function dumpPriorityLevels(levels: readonly PriorityLevel[]): string {
  return table(levelColumns, byName(levels).map(levelRow));
}

function levelRow({ name, queues, leaving, counts }: PriorityLevel): Row {
  const active = queues.dump().queues.filter(({ waiting }) => waiting.length > 0).length;
  const flows = [...counts.values()];
  const dispatched = flows.reduce((sum, one) => sum + one.dispatched, 0);
  const rejected = flows.flatMap((one) => [...one.rejected.values()]).reduce((sum, count) => sum + count, 0);
  // Who leaves a queue is counted as cancelled, and as rejected too, for whatever reason that was.
  const cancelled = flows.reduce((sum, one) => sum + (one.rejected.get("time-out") ?? 0), 0);
  return [name, active, queues.idle, leaving, queues.waiting, queues.executing, dispatched, rejected, 0, cancelled];
}

export function dumpQueues(levels: readonly PriorityLevel[]): string {
  const rows = byName(levels).flatMap(({ name, queues }) =>
    queues.dump().queues.map(({ waiting, executing, nextStart, work }, index): Row => {
      const [inUse, wanted] = [seatsOf(executing), seatsOf(waiting)];
      return [
        name,
        index,
        waiting.length,
        executing.length,
        inUse,
        inSeatSeconds(nextStart),
        wanted,
        wanted,
        inSeatSeconds(work),
      ];
    }),
  );
  return table(queueColumns, rows);
}

/** `details`: who asks for what, too. */
export function dumpRequests(levels: readonly PriorityLevel[], details: boolean): string {
  const rows = byName(levels).flatMap((level) => {
    const { queues, queueless } = level.queues.dump();
    const row = (request: FlowRequest, queue: number, place: number): Row => [
      level.name,
      ...requestRow(request, queue, place),
      ...(details ? detailsOf(request) : []),
    ];
    return [
      ...queues.flatMap(({ waiting, executing }, index) => [
        ...waiting.map((request, place) => row(request, index, place)),
        ...executing.map((request) => row(request, index, -1)),
      ]),
      ...queueless.map((request) => row(request, -1, -1)),
    ];
  });
  return table([...requestColumns, ...(details ? detailColumns : [])], rows);
}

/** Seats are held for no longer than the request takes. */
function requestRow({ schema, flow, arrivedAt, seats, startedAt }: FlowRequest, queue: number, place: number): Row {
  return [schema.name, queue, place, flow, inNanoseconds(arrivedAt), seats, 0, "0s", inNanoseconds(startedAt)];
}

function detailsOf({ info, user }: FlowRequest): Row {
  const { verb, path, namespace, name = "", group, version = "", resource, subresource } = info;
  return [user.username, verb, path, namespace, name, formatApiVersion({ group, version }), resource, subresource];
}

const seatsOf = (requests: readonly FlowRequest[]): number => requests.reduce((sum, { seats }) => sum + seats, 0);

const byName = (levels: readonly PriorityLevel[]): PriorityLevel[] =>
  [...levels].sort((a, b) => (a.name < b.name ? -1 : 1));

const inSeatSeconds = (seatMilliseconds: number): string => `${(seatMilliseconds / 1000).toFixed(8)}ss`;

/** RFC 3339 without trailing zeros; undefined is Go's zero time. */
function inNanoseconds(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return "0001-01-01T00:00:00Z";
  return new Date(milliseconds).toISOString().replace(/\.?0*Z$/, "Z");
}

/** As Go's tabwriter with a minimal width of 8 and one space between columns. */
function table(columns: readonly string[], rows: readonly Row[]): string {
  const cells = [columns, ...rows].map((row) =>
    row.map((cell, index) => (index === columns.length - 1 ? String(cell) : `${cell},`)),
  );
  const widths = columns.map((_, column) => Math.max(8, ...cells.map((row) => (row[column]?.length ?? 0) + 1)));
  const lines = cells.map((row) =>
    row.map((cell, index) => (index === columns.length - 1 ? cell : cell.padEnd(widths[index] ?? 0))).join(""),
  );
  return `${lines.join("\n")}\n`;
}
