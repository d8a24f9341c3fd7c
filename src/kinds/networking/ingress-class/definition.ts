import { fromTable } from "../../from-table.ts";
import type { IngressClass } from "../../generated/networking-v1.ts";
import { ingressClassColumns } from "./columns.ts";
import { applyIngressClassDefaults } from "./defaults.ts";
import { validateIngressClass, validateIngressClassUpdate } from "./validation.ts";

export const ingressClass = fromTable<IngressClass>("networking.k8s.io", "v1", "IngressClass", {
  tracksGeneration: true,
  applyDefaults: applyIngressClassDefaults,
  validate: validateIngressClass,
  validateUpdate: validateIngressClassUpdate,
  columns: ingressClassColumns,
});
