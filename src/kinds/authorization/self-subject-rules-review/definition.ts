import { fromTable } from "../../from-table.ts";
import type { SelfSubjectRulesReview } from "../../generated/authorization-v1.ts";

export const selfSubjectRulesReview = fromTable<SelfSubjectRulesReview>(
  "authorization.k8s.io",
  "v1",
  "SelfSubjectRulesReview",
);
