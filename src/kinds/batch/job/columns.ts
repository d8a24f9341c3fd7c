import type { Column } from "../../../machinery/kind.ts";
import { humanDuration } from "../../../machinery/table/human-duration.ts";
import { ageColumn, containerColumns, formatSelector, isTrue, nameColumn, selectorColumn } from "../../column-parts.ts";
import type { Job } from "../../generated/batch-v1.ts";

function status({ metadata, status: { conditions } = {} }: Job): string {
  if (isTrue(conditions, "Complete")) return "Complete";
  if (isTrue(conditions, "Failed")) return "Failed";
  if (metadata?.deletionTimestamp !== undefined) return "Terminating";
  return ["Suspended", "FailureTarget", "SuccessCriteriaMet"].find((type) => isTrue(conditions, type)) ?? "Running";
}

function completions({ spec, status: { succeeded = 0 } = {} }: Job): string {
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function duration({ status: { startTime, completionTime } = {} }: Job, now: number): string {
  if (startTime === undefined) return "";
  const end = completionTime === undefined ? now : Date.parse(completionTime);
  return humanDuration(end - Date.parse(startTime));
}

export const jobColumns: readonly Column<Job>[] = [
  nameColumn(),
  { name: "Status", type: "string", value: status },
  { name: "Completions", type: "string", value: completions },
  { name: "Duration", type: "string", value: duration },
  ageColumn(),
  ...containerColumns<Job>(({ spec }) => spec?.template?.spec?.containers),
  selectorColumn(({ spec }) => formatSelector(spec?.selector)),
];
