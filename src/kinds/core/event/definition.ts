import { fromTable } from "../../from-table.ts";
import type { Event } from "../../generated/core-v1.ts";
import { eventColumns } from "./columns.ts";
import { selectableFields } from "./strategy.ts";
import { validateEvent } from "./validation.ts";

export const coreEvent = fromTable<Event>("", "v1", "Event", {
  shortNames: ["ev"],
  createOnUpdate: true,
  selectableFields,
  validate: validateEvent,
  columns: eventColumns,
});
