import { fromTable } from "../../from-table.ts";
import type { Service } from "../../generated/core-v1.ts";
import { serviceColumns } from "./columns.ts";
import { applyServiceDefaults } from "./defaults.ts";
import { prepareForCreate, prepareForUpdate } from "./strategy.ts";
import { validateName, validateService, validateServiceStatusUpdate, validateServiceUpdate } from "./validation.ts";

export const service = fromTable<Service>("", "v1", "Service", {
  shortNames: ["svc"],
  categories: ["all"],
  createOnUpdate: true,
  selectableFields: {
    "spec.clusterIP": (service) => service.spec?.clusterIP ?? "",
    "spec.type": (service) => service.spec?.type ?? "",
  },
  applyDefaults: applyServiceDefaults,
  prepareForCreate,
  prepareForUpdate,
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  validateStatusUpdate: validateServiceStatusUpdate,
  validateName,
  columns: serviceColumns,
});
