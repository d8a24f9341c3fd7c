import { fromTable } from "../../from-table.ts";
import type { Event } from "../../generated/events-v1.ts";

export const event = fromTable<Event>("events.k8s.io", "v1", "Event", {
  shortNames: ["ev"],
  createOnUpdate: true,
});
