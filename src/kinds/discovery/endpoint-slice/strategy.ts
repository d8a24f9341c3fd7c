/** Labels count as changes of an EndpointSlice too. */
import type { EndpointSlice } from "../../generated/discovery-v1.ts";
import { semanticEqual } from "../../semantic-equal.ts";

export function prepareForUpdate({ metadata }: EndpointSlice, { metadata: before }: EndpointSlice): void {
  if (metadata === undefined || semanticEqual(metadata.labels, before?.labels)) return;
  metadata.generation = (before?.generation ?? 0) + 1;
}
