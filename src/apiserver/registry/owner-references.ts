import type { ObjectMeta } from "../../machinery/meta/object.ts";
import { semanticallyEqual } from "./semantic-equality.ts";

/** Drops repeated owner references, with upstream's warning. */
export function removeDuplicateOwners(
  metadata: ObjectMeta,
  warn: (message: string) => void,
  afterAdmission: boolean,
): void {
  const owners = metadata.ownerReferences;
  if (owners === undefined || owners.length < 2) return;
  const kept: typeof owners = [];
  const repeated: string[] = [];
  for (const owner of owners) {
    if (kept.some((other) => other.uid === owner.uid && semanticallyEqual(other, owner))) repeated.push(owner.uid);
    else kept.push(owner);
  }
  if (repeated.length === 0) return;
  const when = afterAdmission ? " after mutating admission happens" : "";
  warn(
    `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.join(", ")}`,
  );
  metadata.ownerReferences = kept;
}
