import { formatApiVersion, type KubernetesObject } from "../machinery/meta/object.ts";
import { collectionPath, objectPath, withQuery } from "./paths.ts";
import type {
  Client,
  DeleteOptions,
  ListOptions,
  ObjectList,
  PatchOptions,
  PatchType,
  ResourceClient,
  ResourceRef,
} from "./types.ts";

const patchContentTypes: Record<PatchType, string> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

/** The methods of ResourceClient, spelled as requests of `client`. */
export function createResourceClient<T extends KubernetesObject>(
  client: Pick<Client, "request">,
  resource: ResourceRef<T>,
): ResourceClient<T> {
  const apiVersion = formatApiVersion(resource);
  const typed = (object: T): T => ({ ...object, apiVersion, kind: resource.kind });
  const nameOf = (object: T): string => object.metadata?.name ?? "";
  const pathOf = (object: T, subresource?: string): string =>
    objectPath(resource, nameOf(object), object.metadata?.namespace, subresource);
  return {
    get: (name, namespace) => client.request("GET", objectPath(resource, name, namespace)),
    async list(options = {}) {
      const list = await client.request<ObjectList<T>>("GET", listPath(resource, options));
      // Items of a typed list carry no kind of their own.
      return { metadata: list.metadata, items: (list.items ?? []).map((item) => typed(item)) };
    },
    create: (object) => client.request("POST", collectionPath(resource, object.metadata?.namespace), typed(object)),
    update: (object) => client.request("PUT", pathOf(object), typed(object)),
    updateStatus: (object) => client.request("PUT", pathOf(object, "status"), typed(object)),
    patch: (name, patch, options) => {
      const path = objectPath(resource, name, options.namespace, options.subresource);
      return client.request("PATCH", withQuery(path, patchQuery(options)), patch, {
        contentType: patchContentTypes[options.type],
      });
    },
    async delete(name, options = {}) {
      await client.request("DELETE", objectPath(resource, name, options.namespace), deleteBody(options));
    },
    async deleteCollection(options) {
      await client.request("DELETE", listPath(resource, options), deleteBody(options));
    },
    createSubresource: (name, subresource, body, namespace) =>
      client.request("POST", objectPath(resource, name, namespace, subresource), body),
  };
}

function listPath(resource: ResourceRef<KubernetesObject>, options: ListOptions): string {
  return withQuery(collectionPath(resource, options.namespace), {
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    limit: options.limit,
    continue: options.continue,
    resourceVersion: options.resourceVersion,
  });
}

function patchQuery({ type, fieldManager, force }: PatchOptions): Record<string, string | boolean | undefined> {
  return { fieldManager: fieldManager ?? (type === "apply" ? "mini" : undefined), force };
}

function deleteBody({ gracePeriodSeconds, propagationPolicy, preconditions }: DeleteOptions): unknown {
  return { kind: "DeleteOptions", apiVersion: "v1", gracePeriodSeconds, propagationPolicy, preconditions };
}
