/** events.k8s.io Events are stored as core Events: the same object with some fields under other names. */
import type { SharedStorage } from "../../../machinery/kind.ts";
import type { UnknownObject } from "../../../machinery/meta/object.ts";

/** [events.k8s.io, core]. */
const renamed = [
  ["regarding", "involvedObject"],
  ["note", "message"],
  ["reportingController", "reportingComponent"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
] as const;

const toCore = new Map<string, string>(renamed);
const fromCore = new Map<string, string>(renamed.map(([here, there]) => [there, here]));

function rename(object: UnknownObject, names: ReadonlyMap<string, string>, apiVersion: string): UnknownObject {
  const result: UnknownObject = {};
  for (const [field, value] of Object.entries(object)) result[names.get(field) ?? field] = value;
  result.apiVersion = apiVersion;
  return result;
}

export const storage: SharedStorage = {
  group: "",
  version: "v1",
  kind: "Event",
  toStorage: (object) => {
    const stored = rename(object, toCore, "v1");
    stored["involvedObject"] ??= {};
    return stored;
  },
  fromStorage: (object) => {
    const event = rename(object, fromCore, "events.k8s.io/v1");
    // Required here, optional there: upstream prints a null time.
    event["eventTime"] ??= null;
    return event;
  },
};
