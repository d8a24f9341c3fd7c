/** The columns of core Events, for the other form of the same objects. */
import type { Column } from "../../../machinery/kind.ts";
import type { UnknownObject } from "../../../machinery/meta/object.ts";
import { eventColumns as coreColumns } from "../../core/event/columns.ts";
import type { Event as CoreEvent } from "../../generated/core-v1.ts";
import type { Event } from "../../generated/events-v1.ts";
import { storage } from "./storage.ts";

const asCore = (event: Event): CoreEvent =>
  storage.toStorage(event as unknown as UnknownObject) as unknown as CoreEvent;

export const eventColumns: readonly Column<Event>[] = coreColumns.map((column) => ({
  ...column,
  value: (event, now) => column.value(asCore(event), now),
}));
