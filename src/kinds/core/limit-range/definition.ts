import { fromTable } from "../../from-table.ts";
import type { LimitRange } from "../../generated/core-v1.ts";
import { applyLimitRangeDefaults } from "./defaults.ts";
import { validateLimitRange } from "./validation.ts";

export const limitRange = fromTable<LimitRange>("", "v1", "LimitRange", {
  shortNames: ["limits"],
  createOnUpdate: true,
  applyDefaults: applyLimitRangeDefaults,
  validate: validateLimitRange,
});
