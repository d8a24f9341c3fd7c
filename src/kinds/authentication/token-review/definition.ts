import { fromTable } from "../../from-table.ts";
import type { TokenReview } from "../../generated/authentication-v1.ts";

export const tokenReview = fromTable<TokenReview>("authentication.k8s.io", "v1", "TokenReview");
