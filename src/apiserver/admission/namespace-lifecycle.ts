import type { Namespace } from "../../kinds/generated/core-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import { forbidden, notFound } from "../../machinery/errors/status-error.ts";
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from "../types.ts";
import { refuse } from "./request.ts";

const immortal = new Set(["default", "kube-system", "kube-public"]);
/** A namespace made a moment ago may not be in the cache yet. */
const missingNamespaceWaitMs = 50;

/** Nothing is created in a namespace that is not there or is going away; the system's namespaces are not deleted. */
export function namespaceLifecycle(reader: ObjectReader, clock: Clock): AdmissionPlugin {
  const find = (name: string): Namespace | undefined => reader.get<Namespace>("", "namespaces", "", name);

  function check(request: AdmissionRequest, namespace: Namespace | undefined): void {
    if (namespace === undefined) throw notFound({ group: "", plural: "namespaces" }, request.namespace);
    if (request.operation !== "CREATE" || namespace.status?.phase !== "Terminating") return;
    const error = refuse(
      request,
      `unable to create new content in namespace ${request.namespace} because it is being terminated`,
    );
    const message = `namespace ${request.namespace} is being terminated`;
    error.status.details = {
      ...error.status.details,
      causes: [{ reason: "NamespaceTerminating", message, field: "metadata.namespace" }],
    };
    throw error;
  }

  return {
    name: "NamespaceLifecycle",
    admit(request): Promise<void> | void {
      const { kind, operation, namespace: name } = request;
      if (operation === "CONNECT") return;
      if (kind.group === "" && kind.plural === "namespaces") {
        if (operation === "DELETE" && immortal.has(request.name)) {
          throw forbidden(kind, request.name, "this namespace may not be deleted");
        }
        return;
      }
      if (name === "" || operation === "DELETE" || kind.plural === "localsubjectaccessreviews") return;
      const namespace = find(name);
      if (namespace !== undefined || operation !== "CREATE") return check(request, namespace);
      return clock.sleep(missingNamespaceWaitMs).then(() => check(request, find(name)));
    },
  };
}
