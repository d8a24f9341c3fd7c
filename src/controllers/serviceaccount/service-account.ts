/** Keeps a ServiceAccount `default` in every namespace that is not being deleted. */
import { namespaces, serviceAccounts } from "../../client/resources.ts";
import { isAlreadyExists, isNotFound } from "../../machinery/errors/status-error.ts";
import { defineController, watch } from "../framework/define-controller.ts";
import { isNamespaceTerminating } from "../framework/failures.ts";

export const serviceAccountController = defineController({
  name: "serviceaccount",
  primary: namespaces,
  watches: [
    watch(serviceAccounts, ({ metadata }, _, { type }) =>
      type === "deleted" && metadata?.name === "default" ? [metadata.namespace ?? ""] : [],
    ),
  ],
  workers: 1,
  async reconcile(name, context) {
    const namespace = context.lister(namespaces).get(name);
    if (namespace === undefined || namespace.status?.phase === "Terminating") return;
    if (context.lister(serviceAccounts).get("default", name) !== undefined) return;
    try {
      await context.client.of(serviceAccounts).create({ metadata: { name: "default", namespace: name } });
    } catch (error) {
      if (!isAlreadyExists(error) && !isNamespaceTerminating(error) && !isNotFound(error)) throw error;
    }
  },
});
