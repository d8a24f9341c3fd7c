/**
 * Empties namespaces that are being deleted, pods before all else, and lets them go. Fed by namespaces, pods and
 * discovery; deletes every kind of object there is, custom ones too. Reports in the namespace's conditions.
 */

import { collectionPath, withQuery } from "../../client/paths.ts";
import { namespaces, pods } from "../../client/resources.ts";
import type { ResourceRef } from "../../client/types.ts";
import type { Namespace } from "../../kinds/generated/core-v1.ts";
import { formatTime } from "../../lib/clock.ts";
import { ignoreNotFound } from "../../machinery/errors/ignore-not-found.ts";
import { StatusError } from "../../machinery/errors/status-error.ts";
import type { KubernetesObject } from "../../machinery/meta/object.ts";
import { sameJson } from "../framework/canonical-json.ts";
import { type ControllerContext, defineController, watch } from "../framework/define-controller.ts";
import { discoverResources } from "../framework/discovery.ts";
import { messageOf } from "../framework/failures.ts";
import { type DeletionReport, deletionConditions } from "./conditions.ts";

const finalizer = "kubernetes";
/** How soon to look again at what is left, where no event will tell. */
const retryMs = 2_000;
const metadataOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

export const namespaceController = defineController({
  name: "namespace",
  primary: namespaces,
  watches: [
    // The last pod going is what a terminating namespace waits for most.
    watch(pods, ({ metadata }, context, { type }) => {
      if (type !== "deleted") return [];
      const name = metadata?.namespace ?? "";
      return context.lister(namespaces).get(name)?.metadata?.deletionTimestamp === undefined ? [] : [name];
    }),
  ],
  workers: 10,
  reconcile,
});

async function reconcile(name: string, context: ControllerContext): Promise<void> {
  if (context.lister(namespaces).get(name)?.metadata?.deletionTimestamp === undefined) return;
  const namespace = await ignoreNotFound(context.client.of(namespaces).get(name));
  if (namespace?.metadata?.deletionTimestamp === undefined) return;
  if (!namespace.spec?.finalizers?.includes(finalizer)) return;
  const report = await deleteContent(name, context);
  const current = await writeConditions(namespace, report, context);
  if (current === undefined) return;
  if (report.errors.length > 0) throw new Error(`namespace ${name}: ${report.errors.join(", ")}`);
  if (report.discoveryError !== undefined) throw new Error(`discovery: ${report.discoveryError}`);
  if (report.remaining.size > 0) return context.enqueue(name, retryMs);
  await finalize(current, context);
}

async function deleteContent(namespace: string, context: ControllerContext): Promise<DeletionReport> {
  const report: DeletionReport = { errors: [], remaining: new Map(), finalizers: new Map() };
  await deleteAll(pods, namespace, report, context);
  if (report.remaining.size > 0) return report;
  let resources: Awaited<ReturnType<typeof discoverResources>> = [];
  try {
    resources = await discoverResources(context.client);
  } catch (error) {
    report.discoveryError = messageOf(error);
  }
  const deletable = resources.filter(
    ({ namespaced, verbs, group, plural }) =>
      namespaced && verbs.includes("delete") && verbs.includes("list") && !(group === "" && plural === "pods"),
  );
  await Promise.all(deletable.map((resource) => deleteAll(resource, namespace, report, context)));
  return report;
}

async function deleteAll(
  resource: ResourceRef<KubernetesObject> & { readonly verbs?: readonly string[] },
  namespace: string,
  report: DeletionReport,
  context: ControllerContext,
): Promise<void> {
  const path = collectionPath(resource, namespace);
  try {
    const before = await list(path, context);
    if (before.length === 0) return;
    if (resource.verbs?.includes("deletecollection") ?? true) {
      await context.client.request("DELETE", path, {
        kind: "DeleteOptions",
        apiVersion: "v1",
        propagationPolicy: "Background",
      });
    } else {
      for (const { metadata } of before) {
        await ignoreNotFound(context.client.of(resource).delete(metadata?.name ?? "", { namespace }));
      }
    }
    const left = await list(path, context);
    if (left.length === 0) return;
    report.remaining.set(`${resource.plural}.${resource.group}`, left.length);
    for (const name of left.flatMap(({ metadata }) => metadata?.finalizers ?? [])) {
      report.finalizers.set(name, (report.finalizers.get(name) ?? 0) + 1);
    }
  } catch (error) {
    // A resource that vanished since discovery, or does not allow this, has nothing to delete.
    if (error instanceof StatusError && (error.code === 404 || error.code === 405)) return;
    report.errors.push(messageOf(error));
  }
}

async function list(path: string, context: ControllerContext): Promise<KubernetesObject[]> {
  const answer = await context.client.request<{ items?: KubernetesObject[] }>(
    "GET",
    withQuery(path, { limit: 500 }),
    undefined,
    {
      accept: metadataOnly,
    },
  );
  return answer.items ?? [];
}

/** Returns the namespace as stored; undefined where it is gone. */
async function writeConditions(
  namespace: Namespace,
  report: DeletionReport,
  context: ControllerContext,
): Promise<Namespace | undefined> {
  const present = namespace.status?.conditions ?? [];
  const conditions = deletionConditions(present, report, formatTime(context.clock.now()));
  const status = { ...namespace.status, phase: "Terminating", conditions };
  if (sameJson(namespace.status, status)) return namespace;
  return ignoreNotFound(context.client.of(namespaces).updateStatus({ ...namespace, status }));
}

async function finalize(namespace: Namespace, context: ControllerContext): Promise<void> {
  const finalizers = (namespace.spec?.finalizers ?? []).filter((name) => name !== finalizer);
  const path = `${collectionPath(namespaces)}/${namespace.metadata?.name}/finalize`;
  await ignoreNotFound(context.client.request("PUT", path, { ...namespace, spec: { ...namespace.spec, finalizers } }));
}
