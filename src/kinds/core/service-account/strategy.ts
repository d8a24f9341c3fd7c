/** Of its secrets a service account keeps the names alone. */
import type { ServiceAccount } from "../../generated/core-v1.ts";

export function prepareForCreate(account: ServiceAccount): void {
  if (account.secrets !== undefined) account.secrets = account.secrets.map(({ name }) => ({ name }));
}
