import { fromTable } from "../../from-table.ts";
import type { IPAddress } from "../../generated/networking-v1.ts";
import { ipAddressColumns } from "./columns.ts";
import { validateIpAddress, validateIpAddressUpdate, validateName } from "./validation.ts";

export const ipAddress = fromTable<IPAddress>("networking.k8s.io", "v1", "IPAddress", {
  shortNames: ["ip"],
  validate: validateIpAddress,
  validateUpdate: validateIpAddressUpdate,
  validateName,
  columns: ipAddressColumns,
});
