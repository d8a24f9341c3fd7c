import { fromTable } from "../../from-table.ts";
import type { CustomResourceDefinition } from "../../generated/apiextensions-v1.ts";
import { applyCustomResourceDefinitionDefaults } from "./defaults.ts";
import { markDeleted, mayRemove, prepareForCreate, prepareForUpdate } from "./strategy.ts";
import { validateCustomResourceDefinition, validateCustomResourceDefinitionUpdate } from "./validation.ts";

export const customResourceDefinition = fromTable<CustomResourceDefinition>(
  "apiextensions.k8s.io",
  "v1",
  "CustomResourceDefinition",
  {
    shortNames: ["crd", "crds"],
    categories: ["api-extensions"],
    unconditionalUpdate: false,
    tracksGeneration: true,
    applyDefaults: applyCustomResourceDefinitionDefaults,
    prepareForCreate,
    prepareForUpdate,
    mayRemove,
    markDeleted,
    validate: validateCustomResourceDefinition,
    validateUpdate: validateCustomResourceDefinitionUpdate,
  },
);
