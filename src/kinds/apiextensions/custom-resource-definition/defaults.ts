/** SetDefaults_CustomResourceDefinition. */
import type { CustomResourceDefinition } from "../../generated/apiextensions-v1.ts";

export function applyCustomResourceDefinitionDefaults(definition: CustomResourceDefinition): void {
  const { spec } = definition;
  if (spec === undefined) return;
  if (spec.names !== undefined) {
    spec.names.singular ||= (spec.names.kind ?? "").toLowerCase();
    if (spec.names.kind) spec.names.listKind ||= `${spec.names.kind}List`;
  }
  spec.conversion ??= { strategy: "None" };
  const service = spec.conversion.webhook?.clientConfig?.service;
  if (service !== undefined) service.port ??= 443;
  definition.status ??= {};
  const status = definition.status;
  if (status.storedVersions?.length) return;
  const stored = spec.versions?.find((version) => version.storage);
  if (stored !== undefined) status.storedVersions = [stored.name];
}
