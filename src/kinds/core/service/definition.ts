import { fromTable } from "../../from-table.ts";
import type { Service } from "../../generated/core-v1.ts";
import { applyServiceDefaults } from "./defaults.ts";

export const service = fromTable<Service>("", "v1", "Service", {
  shortNames: ["svc"],
  categories: ["all"],
  createOnUpdate: true,
  selectableFields: {
    "spec.clusterIP": (service) => service.spec?.clusterIP ?? "",
    "spec.type": (service) => service.spec?.type ?? "",
  },
  applyDefaults: applyServiceDefaults,
});
