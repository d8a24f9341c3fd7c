import { fromTable } from "../../from-table.ts";
import type { SubjectAccessReview } from "../../generated/authorization-v1.ts";

export const subjectAccessReview = fromTable<SubjectAccessReview>("authorization.k8s.io", "v1", "SubjectAccessReview");
