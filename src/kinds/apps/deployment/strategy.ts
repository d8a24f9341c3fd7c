/** Annotations count as changes too: they are copied to the replica sets. */
import type { Deployment } from "../../generated/apps-v1.ts";
import { semanticEqual } from "../../semantic-equal.ts";

export function prepareForUpdate({ metadata }: Deployment, { metadata: before }: Deployment): void {
  if (metadata === undefined || semanticEqual(metadata.annotations, before?.annotations)) return;
  metadata.generation = (before?.generation ?? 0) + 1;
}

export function prepareForStatusUpdate({ metadata }: Deployment, old: Deployment): void {
  if (metadata !== undefined) metadata.labels = old.metadata?.labels;
}
