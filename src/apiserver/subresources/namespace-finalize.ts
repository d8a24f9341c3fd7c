import type { Namespace } from "../../kinds/generated/core-v1.ts";
import { conflict, modifiedMessage } from "../../machinery/errors/status-error.ts";
import type { SubresourceHandler } from "../types.ts";
import { bodyOf, mergedHandler } from "./subject.ts";

/** PUT namespaces/NAME/finalize: the namespace controller takes its finalizer off, upon which the namespace goes. */
export const namespaceFinalizeHandler: SubresourceHandler = mergedHandler(
  { group: "", plural: "namespaces", subresource: "finalize" },
  (request, namespace) => {
    const { spec, metadata } = bodyOf<Namespace>(request);
    const expected = metadata?.resourceVersion;
    if (expected && expected !== namespace.metadata?.resourceVersion) {
      throw conflict({ group: "", plural: "namespaces" }, request.info.name, modifiedMessage);
    }
    return { ...namespace, spec: { ...(namespace["spec"] as object), finalizers: spec?.finalizers ?? [] } };
  },
);
