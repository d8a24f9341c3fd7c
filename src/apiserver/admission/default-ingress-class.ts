import type { Ingress, IngressClass } from "../../kinds/generated/networking-v1.ts";
import { isDefaultIngressClass } from "../../kinds/networking/ingress-class/default-class.ts";
import { newest } from "../../machinery/meta/newest.ts";
import type { AdmissionPlugin, ObjectReader } from "../types.ts";
import { concerns } from "./request.ts";

/** Ingresses that name no class get the newest default one. */
export function defaultIngressClass(reader: ObjectReader): AdmissionPlugin {
  return {
    name: "DefaultIngressClass",
    admit(request) {
      if (!concerns(request, "networking.k8s.io", "ingresses", { operations: ["CREATE"] })) return;
      const ingress = request.object as Ingress;
      if (ingress.spec?.ingressClassName !== undefined) return;
      if (ingress.metadata?.annotations?.["kubernetes.io/ingress.class"] !== undefined) return;
      const classes = reader.list<IngressClass>("networking.k8s.io", "ingressclasses");
      const chosen = newest(classes, isDefaultIngressClass);
      if (chosen?.metadata?.name) ingress.spec = { ...ingress.spec, ingressClassName: chosen.metadata.name };
    },
  };
}
