/** Names that must be the same each time they are derived: UUIDs of domains and networks, MAC addresses. */
import { createHash } from "node:crypto";
import type { MachineSpec } from "../driver.ts";
import { hostNameSuffix } from "../host-name.ts";

/** A name-based UUID (RFC 9562, version 5 layout): defining the same thing again replaces it. */
export function stableUuid(kind: "domain" | "network", name: string): string {
  const bytes = createHash("sha1").update(`mini/${kind}/${name}`).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x50;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** `mini-<profile>`, and the user where the machine's name has it: `mini-mini.ada`. */
export function networkName(machine: Pick<MachineSpec, "profile" | "name" | "hostName">): string {
  return `mini-${machine.profile}${hostNameSuffix(machine)}`;
}

/** Marks our domains, so that a domain of the same name that somebody else made is never touched. */
export const metadataNamespace = "urn:mini:machine:1";

/** Escapes text for an XML attribute or element. */
export function escapeXml(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
