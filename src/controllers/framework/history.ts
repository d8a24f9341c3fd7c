import { controllerRevisions } from "../../client/resources.ts";
import type { ResourceRef } from "../../client/types.ts";
import type { ControllerRevision } from "../../kinds/generated/apps-v1.ts";
import { ignoreNotFound } from "../../machinery/errors/ignore-not-found.ts";
import { isAlreadyExists } from "../../machinery/errors/status-error.ts";
import type { KubernetesObject } from "../../machinery/meta/object.ts";
import { canonicalJson, sameJson } from "./canonical-json.ts";
import { ownedBy } from "./claim.ts";
import { byCreation, metaOf, newControllerReference } from "./controller-reference.ts";
import type { ControllerContext } from "./define-controller.ts";
import { templateHash } from "./template-hash.ts";

export const revisionHashLabel = "controller-revision-hash";

export interface RevisionOwner {
  readonly resource: ResourceRef<KubernetesObject>;
  readonly object: KubernetesObject;
  /** What the revision records: `{spec: {template}}`, with `$patch: replace`, as kubectl rollout undo applies it. */
  readonly template: unknown;
  readonly labels: Readonly<Record<string, string>>;
}

/** Oldest first. */
export function revisionsOf(context: ControllerContext, owner: KubernetesObject): ControllerRevision[] {
  return ownedBy(context, controllerRevisions, owner).sort(
    (a, b) => Number(a.revision) - Number(b.revision) || byCreation(a, b),
  );
}

/**
 * The ControllerRevision of the owner's present template: created if it is new, raised to the newest number if the
 * owner was rolled back to it.
 */
export async function syncRevision(context: ControllerContext, owner: RevisionOwner): Promise<ControllerRevision> {
  const template = { ...(owner.template as object), $patch: "replace" };
  // With sorted keys: clients that look for the revision of a template compare the bytes with Go's encoding of it.
  const data = JSON.parse(canonicalJson({ spec: { template } })) as NonNullable<ControllerRevision["data"]>;
  const present = revisionsOf(context, owner.object);
  const next = Number(present.at(-1)?.revision ?? 0) + 1;
  const equal = present.findLast((revision) => sameJson(revision.data, data));
  if (equal !== undefined) {
    if (equal === present.at(-1)) return equal;
    return context.client.of(controllerRevisions).update({ ...equal, revision: next });
  }
  const { name, namespace } = metaOf(owner.object);
  for (let collision = 0; ; collision++) {
    const hash = templateHash(data, collision);
    const revision: ControllerRevision = {
      metadata: {
        name: `${name.slice(0, 223)}-${hash}`,
        namespace,
        labels: { ...owner.labels, [revisionHashLabel]: hash },
        ownerReferences: [newControllerReference(owner.resource, owner.object)],
      },
      data,
      revision: next,
    };
    try {
      return await context.client.of(controllerRevisions).create(revision);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const existing = await context.client.of(controllerRevisions).get(metaOf(revision).name, namespace);
      if (sameJson(existing.data, data)) return existing;
    }
  }
}

export const revisionHash = (revision: ControllerRevision): string =>
  revision.metadata?.labels?.[revisionHashLabel] ?? "";

/** Deletes the oldest revisions beyond `limit` that nothing uses. */
export async function pruneRevisions(
  context: ControllerContext,
  owner: KubernetesObject,
  { limit, used }: { readonly limit: number; readonly used: ReadonlySet<string> },
): Promise<void> {
  const unused = revisionsOf(context, owner).filter((revision) => !used.has(revisionHash(revision)));
  for (const revision of unused.slice(0, Math.max(0, unused.length - limit))) {
    const { name, namespace } = metaOf(revision);
    await ignoreNotFound(context.client.of(controllerRevisions).delete(name, { namespace }));
  }
}
