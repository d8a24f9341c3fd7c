/** Making pods from templates, creating and deleting them, with the Events and expectations that go with it. */
import { pods } from "../../client/resources.ts";
import type { Pod, PodTemplateSpec } from "../../kinds/generated/core-v1.ts";
import { isNotFound } from "../../machinery/errors/status-error.ts";
import type { KubernetesObject, OwnerReference } from "../../machinery/meta/object.ts";
import { metaOf } from "./controller-reference.ts";
import type { ControllerContext } from "./define-controller.ts";
import { isNamespaceTerminating, messageOf } from "./failures.ts";

/**
 * A pod of a template, in the owner's namespace; named `OWNER-xxxxx` by the API server. Of the template's metadata it
 * gets labels, annotations and finalizers: a name there would be the same for all pods.
 */
export function podFromTemplate(template: PodTemplateSpec, owner: KubernetesObject, reference: OwnerReference): Pod {
  const { name, namespace } = metaOf(owner);
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...(labels === undefined ? {} : { labels: { ...labels } }),
      ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
      ...(finalizers === undefined ? {} : { finalizers: [...finalizers] }),
      generateName: `${name}-`,
      namespace,
      ownerReferences: [reference],
    },
    spec: structuredClone(template.spec) as NonNullable<Pod["spec"]>,
  };
}

/** Creates a pod and tells of it in an Event about `owner`. Throws what the server answers. */
async function createPod(context: ControllerContext, owner: KubernetesObject, pod: Pod): Promise<Pod> {
  try {
    const created = await context.client.of(pods).create(pod);
    context.recorder.event(owner, "Normal", "SuccessfulCreate", `Created pod: ${created.metadata?.name}`);
    return created;
  } catch (error) {
    if (!isNamespaceTerminating(error)) {
      context.recorder.event(owner, "Warning", "FailedCreate", `Error creating: ${messageOf(error)}`);
    }
    throw error;
  }
}

/** Deletes a pod and tells of it; throws what the server answers, also NotFound. */
async function deletePod(context: ControllerContext, owner: KubernetesObject, pod: Pod): Promise<void> {
  const { name, namespace } = metaOf(pod);
  try {
    await context.client.of(pods).delete(name, { namespace });
    context.recorder.event(owner, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
  } catch (error) {
    if (!isNotFound(error)) {
      context.recorder.event(owner, "Warning", "FailedDelete", `Error deleting: ${messageOf(error)}`);
    }
    throw error;
  }
}

/** What a pass does to an owner's pods. */
export interface PodChanges {
  /** Key of the owner, which the expectations are counted by. */
  readonly key: string;
  readonly owner: KubernetesObject;
  /** How many to create, of what `newPod` gives for 0, 1, …. */
  readonly create: number;
  newPod(index: number): Pod;
  readonly remove: readonly Pod[];
}

/**
 * Creates, then deletes, and expects the cache to show what it did. Resolves with the first failure, or undefined: a
 * namespace that is going, and pods that are gone already, are none.
 */
export async function changePods(
  context: ControllerContext,
  { key, owner, create, newPod, remove }: PodChanges,
): Promise<unknown> {
  if (create === 0 && remove.length === 0) return undefined;
  const { expectations } = context;
  expectations.expectCreations(key, create);
  expectations.expectDeletions(
    key,
    remove.map((pod) => metaOf(pod).uid),
  );
  const { successes, failure } = await slowStart(create, (index) => createPod(context, owner, newPod(index)));
  for (let i = successes; i < create; i++) expectations.creationObserved(key);
  let first = isNamespaceTerminating(failure) ? undefined : failure;
  await Promise.all(
    remove.map((pod) =>
      deletePod(context, owner, pod).catch((error: unknown) => {
        expectations.deletionObserved(key, metaOf(pod).uid);
        if (!isNotFound(error)) first ??= error;
      }),
    ),
  );
  return first;
}

/**
 * Runs `operation` `count` times in batches of 1, 2, 4, …: where every creation fails (quota), few are tried. Stops
 * after a batch with a failure. Returns the number of successes, and the first failure.
 */
async function slowStart(
  count: number,
  operation: (index: number) => Promise<unknown>,
): Promise<{ successes: number; failure?: unknown }> {
  let successes = 0;
  let started = 0;
  for (let size = 1; started < count; size *= 2) {
    const batch = Array.from({ length: Math.min(size, count - started) }, (_, index) => operation(started + index));
    started += batch.length;
    const results = await Promise.allSettled(batch);
    successes += results.filter((result) => result.status === "fulfilled").length;
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) return { successes, failure: failed.reason };
  }
  return { successes };
}
