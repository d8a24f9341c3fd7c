import { fromTable } from "../../from-table.ts";
import type { LocalSubjectAccessReview } from "../../generated/authorization-v1.ts";

export const localSubjectAccessReview = fromTable<LocalSubjectAccessReview>(
  "authorization.k8s.io",
  "v1",
  "LocalSubjectAccessReview",
);
