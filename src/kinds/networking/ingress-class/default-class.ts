import type { IngressClass } from "../../generated/networking-v1.ts";

/** Whether ingresses that name no class may get this one. */
export const isDefaultIngressClass = ({ metadata }: IngressClass): boolean =>
  metadata?.annotations?.["ingressclass.kubernetes.io/is-default-class"] === "true";
