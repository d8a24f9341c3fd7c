import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type { ValidatingWebhookConfiguration } from "../../generated/admissionregistration-v1.ts";

export const validatingWebhookConfigurationColumns: readonly Column<ValidatingWebhookConfiguration>[] = [
  nameColumn(),
  { name: "Webhooks", type: "integer", value: ({ webhooks }) => (webhooks ?? []).length },
  ageColumn(),
];
