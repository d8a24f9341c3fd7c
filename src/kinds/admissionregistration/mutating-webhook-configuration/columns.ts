import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { MutatingWebhookConfiguration } from "../../generated/admissionregistration-v1.ts";

export const mutatingWebhookConfigurationColumns: readonly Column<MutatingWebhookConfiguration>[] = [
  nameColumn(),
  { name: "Webhooks", type: "integer", value: ({ webhooks }) => (webhooks ?? []).length },
  ageColumn(),
];
