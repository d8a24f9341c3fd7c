import { fromTable } from "../../from-table.ts";
import type { SelfSubjectReview } from "../../generated/authentication-v1.ts";

export const selfSubjectReview = fromTable<SelfSubjectReview>("authentication.k8s.io", "v1", "SelfSubjectReview");
