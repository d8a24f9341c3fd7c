import type { Namespace } from "../../kinds/generated/core-v1.ts";
import { conflict, modifiedMessage } from "../../machinery/errors/status-error.ts";
import type { SubresourceHandler } from "../types.ts";
import { answer, bodyOf, targetOf } from "./subject.ts";

/** PUT namespaces/NAME/finalize: the namespace controller takes its finalizer off, upon which the namespace goes. */
export const namespaceFinalizeHandler: SubresourceHandler = {
  group: "",
  plural: "namespaces",
  subresource: "finalize",
  async handle(request) {
    const { spec, metadata } = bodyOf<Namespace>(request);
    const stored = await request.writer.modify(targetOf(request), (namespace) => {
      const expected = metadata?.resourceVersion;
      if (expected && expected !== namespace.metadata?.resourceVersion) {
        throw conflict({ group: "", plural: "namespaces" }, request.info.name, modifiedMessage);
      }
      return { ...namespace, spec: { ...(namespace["spec"] as object), finalizers: spec?.finalizers ?? [] } };
    });
    return answer(200, stored);
  },
};
