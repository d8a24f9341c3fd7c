/** Generation counts changes, but is not set before the first. */
import type { CSIDriver } from "../../generated/storage-v1.ts";
import { semanticEqual } from "../../semantic-equal.ts";

export function prepareForUpdate({ metadata, spec }: CSIDriver, old: CSIDriver): void {
  if (metadata === undefined || semanticEqual(spec, old.spec)) return;
  metadata.generation = (old.metadata?.generation ?? 0) + 1;
}
