/** Deletes finished Jobs when their ttlSecondsAfterFinished has passed, pods first. */

import { splitKey } from "../../client/object-cache.ts";
import { jobs } from "../../client/resources.ts";
import type { Job } from "../../kinds/generated/batch-v1.ts";
import { ignoreNotFound } from "../../machinery/errors/ignore-not-found.ts";
import { metaOf } from "../framework/controller-reference.ts";
import { defineController } from "../framework/define-controller.ts";

function expiresAt(job: Job | undefined): number | undefined {
  const ttl = job?.spec?.ttlSecondsAfterFinished;
  const finished = job?.status?.conditions?.find(
    ({ type, status }) => (type === "Complete" || type === "Failed") && status === "True",
  );
  if (ttl === undefined || finished === undefined || job?.metadata?.deletionTimestamp !== undefined) return undefined;
  return Date.parse(finished.lastTransitionTime ?? "") + ttl * 1000;
}

export const ttlAfterFinishedController = defineController({
  name: "ttl-after-finished",
  primary: jobs,
  workers: 1,
  async reconcile(key, context) {
    const { namespace, name } = splitKey(key);
    const expiry = expiresAt(context.lister(jobs).get(name, namespace));
    if (expiry === undefined) return;
    const left = expiry - context.clock.now();
    if (left > 0) return context.enqueue(key, left);
    // The ttl may have been raised a moment ago.
    const fresh = await ignoreNotFound(context.client.of(jobs).get(name, namespace));
    const freshExpiry = expiresAt(fresh);
    if (fresh === undefined || freshExpiry === undefined || freshExpiry > context.clock.now()) return;
    const preconditions = { uid: metaOf(fresh).uid };
    await ignoreNotFound(
      context.client.of(jobs).delete(name, { namespace, propagationPolicy: "Foreground", preconditions }),
    );
  },
});
