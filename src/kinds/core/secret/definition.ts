import { fromTable } from "../../from-table.ts";
import type { Secret } from "../../generated/core-v1.ts";
import { secretColumns } from "./columns.ts";
import { applySecretDefaults } from "./defaults.ts";
import { validateSecret, validateSecretUpdate } from "./validation.ts";

export const secret = fromTable<Secret>("", "v1", "Secret", {
  selectableFields: { type: (secret) => secret.type ?? "" },
  applyDefaults: applySecretDefaults,
  validate: validateSecret,
  validateUpdate: validateSecretUpdate,
  columns: secretColumns,
});
