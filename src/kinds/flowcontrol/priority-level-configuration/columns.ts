import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { PriorityLevelConfiguration, QueuingConfiguration } from "../../generated/flowcontrol-v1.ts";

const none = "<none>";

const queuing =
  (field: keyof QueuingConfiguration) =>
  ({ spec }: PriorityLevelConfiguration): string | number =>
    spec?.limited?.limitResponse?.queuing === undefined ? none : (spec.limited.limitResponse.queuing[field] ?? 0);

export const priorityLevelConfigurationColumns: readonly Column<PriorityLevelConfiguration>[] = [
  nameColumn(),
  { name: "Type", type: "string", value: ({ spec }) => spec?.type ?? "" },
  {
    name: "NominalConcurrencyShares",
    type: "string",
    value: ({ spec }) => spec?.limited?.nominalConcurrencyShares ?? none,
  },
  { name: "Queues", type: "string", value: queuing("queues") },
  { name: "HandSize", type: "string", value: queuing("handSize") },
  { name: "QueueLengthLimit", type: "string", value: queuing("queueLengthLimit") },
  ageColumn(),
];
