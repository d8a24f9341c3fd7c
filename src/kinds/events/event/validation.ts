/** Events in the events.k8s.io form, which has more rules than the core form of the same objects. */
import { type FieldError, invalidValue, required } from "../../../machinery/errors/field-error.ts";
import type { UnknownObject } from "../../../machinery/meta/object.ts";
import { validateEventCommon } from "../../core/event/validation.ts";
import { checkImmutable } from "../../field-checks.ts";
import type { Event as CoreEvent } from "../../generated/core-v1.ts";
import type { Event } from "../../generated/events-v1.ts";
import { storage } from "./storage.ts";

const unset = ["deprecatedFirstTimestamp", "deprecatedLastTimestamp", "deprecatedCount"] as const;
const immutable = [
  ["regarding", "involvedObject"],
  ["reason", "reason"],
  ["note", "message"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
  ["type", "type"],
  ["eventTime", "eventTime"],
  ["action", "action"],
  ["related", "related"],
  ["reportingController", "reportingController"],
  ["reportingInstance", "reportingInstance"],
] as const;

export function validateEvent(event: Event): FieldError[] {
  const core = storage.toStorage(event as unknown as UnknownObject) as unknown as CoreEvent;
  const errors = validateEventCommon(core, "reportingController");
  // The rest is asked of new events alone: old ones may have come in the core form.
  if (event.metadata?.resourceVersion) return errors;
  errors.push(...validateSeries(event));
  if (!event.eventTime) errors.push(required("eventTime"));
  if (event.type !== "Normal" && event.type !== "Warning") {
    errors.push(invalidValue("type", "", `has invalid value: ${event.type ?? ""}`));
  }
  const names: Record<string, string> = Object.fromEntries(immutable);
  for (const field of unset) {
    if (event[field]) errors.push(invalidValue(names[field] ?? field, "", "needs to be unset"));
  }
  const { component, host } = event.deprecatedSource ?? {};
  if (component || host) errors.push(invalidValue("source", "", "needs to be unset"));
  return errors;
}

function validateSeries({ series }: Event): FieldError[] {
  if (series === undefined) return [];
  const errors = series.count < 2 ? [invalidValue("series.count", "", "should be at least 2")] : [];
  return series.lastObservedTime ? errors : [...errors, required("series.lastObservedTime")];
}

export function validateEventUpdate(event: Event, old: Event): FieldError[] {
  return [
    ...validateSeries(event),
    ...immutable.flatMap(([field, name]) => checkImmutable(name, event[field], old[field])),
  ];
}
