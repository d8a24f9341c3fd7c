/** ConfigMaps and Secrets, read from the API server each time: a pod must not start with values older than itself. */
import { configMaps, secrets } from "../../client/resources.ts";
import type { Client } from "../../client/types.ts";
import { isNotFound, notFound } from "../../machinery/errors/status-error.ts";
import type { ConfigSource } from "./environment.ts";

export function createConfigSource(client: Client): ConfigSource {
  return {
    configMap: (namespace, name) => named("configmap", name, client.of(configMaps).get(name, namespace)),
    secret: (namespace, name) => named("secret", name, client.of(secrets).get(name, namespace)),
  };
}

/** What users read in a pod's status names the kind in the singular, unlike the API server's answer. */
async function named<T>(kind: string, name: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isNotFound(error)) throw notFound({ group: "", plural: kind }, name);
    throw error;
  }
}
