import { fromTable } from "../../from-table.ts";
import type { Event } from "../../generated/events-v1.ts";
import { eventColumns } from "./columns.ts";
import { storage } from "./storage.ts";
import { selectableFields } from "./strategy.ts";
import { validateEvent, validateEventUpdate } from "./validation.ts";

export const event = fromTable<Event>("events.k8s.io", "v1", "Event", {
  shortNames: ["ev"],
  createOnUpdate: true,
  selectableFields,
  validate: validateEvent,
  validateUpdate: validateEventUpdate,
  columns: eventColumns,
  storage,
});
