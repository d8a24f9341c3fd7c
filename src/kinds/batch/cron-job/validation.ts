/** ValidateCronJobCreate and validateCronJobSpec. */
import { type FieldError, invalidValue, notSupportedInOrder, required } from "../../../machinery/errors/field-error.ts";
import { checkNonNegative, checkOneOf } from "../../field-checks.ts";
import type { CronJob, CronJobSpec } from "../../generated/batch-v1.ts";
import { validateJobSpec } from "../job/validation.ts";
import { cronScheduleError } from "./schedule.ts";

/** Jobs get the name and eleven characters of a time. */
const longestName = 52;

export function validateCronJob({ metadata, spec }: CronJob): FieldError[] {
  if (spec === undefined) return [required("spec.schedule")];
  const errors = [
    ...validateSchedule(spec),
    ...checkNonNegative("spec.startingDeadlineSeconds", spec.startingDeadlineSeconds),
    ...validateTimeZone(spec.timeZone, "spec.timeZone"),
    ...checkOneOf("spec.concurrencyPolicy", spec.concurrencyPolicy, ["Allow", "Forbid", "Replace"]),
    ...validateTemplate(spec),
    ...checkNonNegative("spec.successfulJobsHistoryLimit", spec.successfulJobsHistoryLimit),
    ...checkNonNegative("spec.failedJobsHistoryLimit", spec.failedJobsHistoryLimit),
  ];
  const name = metadata?.name ?? "";
  if (!metadata?.resourceVersion && name.length > longestName) {
    errors.push(invalidValue("metadata.name", name, `must be no more than ${longestName} characters`));
  }
  return errors;
}

function validateSchedule({ schedule }: CronJobSpec): FieldError[] {
  if (!schedule) return [required("spec.schedule")];
  const complaint = cronScheduleError(schedule);
  const errors = complaint === undefined ? [] : [invalidValue("spec.schedule", schedule, complaint)];
  if (schedule.includes("TZ")) {
    const detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
    errors.push(invalidValue("spec.schedule", schedule, detail));
  }
  return errors;
}

function validateTimeZone(timeZone: string | undefined, path: string): FieldError[] {
  if (timeZone === undefined) return [];
  if (timeZone === "") return [invalidValue(path, timeZone, "timeZone must be nil or non-empty string")];
  const unknown = [invalidValue(path, timeZone, `unknown time zone ${timeZone}`)];
  if (timeZone.split("/").some((part) => !/^[A-Za-z0-9._+][A-Za-z0-9._+-]{0,13}$/.test(part) || /^\.\.?$/.test(part))) {
    return unknown;
  }
  if (timeZone.toLowerCase() === "local") {
    const detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
    return [...unknown, invalidValue(path, timeZone, detail)];
  }
  try {
    Intl.DateTimeFormat("en", { timeZone });
    return [];
  } catch (error) {
    if (error instanceof RangeError) return unknown;
    throw error;
  }
}

function validateTemplate({ jobTemplate }: CronJobSpec): FieldError[] {
  const spec = jobTemplate?.spec;
  if (spec === undefined) return [required("spec.jobTemplate.spec.template")];
  const errors = validateJobSpec(spec, "spec.jobTemplate.spec");
  if (spec.selector !== undefined) {
    errors.push(invalidValue("spec.jobTemplate.spec.selector", spec.selector, "`selector` will be auto-generated"));
  }
  if (spec.manualSelector)
    errors.push(notSupportedInOrder("spec.jobTemplate.spec.manualSelector", true, ["nil", "false"]));
  return errors;
}
