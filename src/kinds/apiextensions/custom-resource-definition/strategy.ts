/** Status is the controllers', but that every version that was ever stored is remembered. */
import type { CustomResourceDefinition } from "../../generated/apiextensions-v1.ts";

function rememberStorageVersion(definition: CustomResourceDefinition): void {
  const stored = definition.spec?.versions?.find(({ storage }) => storage)?.name;
  const known = definition.status?.storedVersions ?? [];
  if (stored === undefined || known.includes(stored)) return;
  definition.status = { ...definition.status, storedVersions: [...known, stored] };
}

export function prepareForCreate(definition: CustomResourceDefinition): void {
  definition.status = {};
  rememberStorageVersion(definition);
}

export const prepareForUpdate: (definition: CustomResourceDefinition) => void = rememberStorageVersion;
