/** SetDefaults_Secret. */
import { setAt } from "../../../machinery/meta/accessors.ts";
import type { Secret } from "../../generated/core-v1.ts";

export function applySecretDefaults(secret: Secret): void {
  secret.type ||= "Opaque";
  foldStringData(secret);
}

/** `stringData` is a write-only convenience: upstream's conversion folds it into `data`, over what is there. */
function foldStringData(secret: Secret): void {
  if (secret.stringData === undefined) return;
  secret.data ??= {};
  const data = secret.data;
  for (const [key, value] of Object.entries(secret.stringData)) setAt(data, key, Buffer.from(value).toString("base64"));
  delete secret.stringData;
}
