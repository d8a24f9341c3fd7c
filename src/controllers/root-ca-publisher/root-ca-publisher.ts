/** Keeps a ConfigMap kube-root-ca.crt in every namespace, with which pods verify the API server. */
import { configMaps, namespaces } from "../../client/resources.ts";
import { isAlreadyExists, isNotFound } from "../../machinery/errors/status-error.ts";
import { type Controller, defineController, watch } from "../framework/define-controller.ts";
import { isNamespaceTerminating } from "../framework/failures.ts";

const name = "kube-root-ca.crt";
const options = { fieldSelector: `metadata.name=${name}` };
const annotations = {
  "kubernetes.io/description":
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
};

/** `rootCa` is PEM. */
export function createRootCaPublisher(rootCa: string): Controller {
  const data = { "ca.crt": rootCa };
  return defineController({
    name: "root-ca-certificate-publisher",
    primary: namespaces,
    watches: [
      watch(configMaps, ({ metadata }) => (metadata?.name === name ? [metadata.namespace ?? ""] : []), options),
    ],
    workers: 1,
    async reconcile(namespace, context) {
      const stored = context.lister(namespaces).get(namespace);
      if (stored === undefined || stored.status?.phase === "Terminating") return;
      const present = context.informers.of(configMaps, options).lister.get(name, namespace);
      if (present?.data?.["ca.crt"] === rootCa && Object.keys(present.data).length === 1) return;
      try {
        if (present === undefined) {
          await context.client.of(configMaps).create({ metadata: { name, namespace, annotations }, data });
        } else {
          await context.client.of(configMaps).update({
            ...present,
            metadata: { ...present.metadata, annotations: { ...present.metadata?.annotations, ...annotations } },
            data,
          });
        }
      } catch (error) {
        if (!isAlreadyExists(error) && !isNamespaceTerminating(error) && !isNotFound(error)) throw error;
      }
    },
  });
}
