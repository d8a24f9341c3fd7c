import { clearStatus } from "../../clear-status.ts";
import { fromTable } from "../../from-table.ts";
import type { Ingress } from "../../generated/networking-v1.ts";
import { ingressColumns } from "./columns.ts";
import { validateIngress } from "./validation.ts";

export const ingress = fromTable<Ingress>("networking.k8s.io", "v1", "Ingress", {
  shortNames: ["ing"],
  tracksGeneration: true,
  prepareForCreate: clearStatus,
  validate: validateIngress,
  columns: ingressColumns,
});
