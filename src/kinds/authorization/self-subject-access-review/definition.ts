import { fromTable } from "../../from-table.ts";
import type { SelfSubjectAccessReview } from "../../generated/authorization-v1.ts";

export const selfSubjectAccessReview = fromTable<SelfSubjectAccessReview>(
  "authorization.k8s.io",
  "v1",
  "SelfSubjectAccessReview",
);
