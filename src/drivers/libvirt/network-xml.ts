/** A profile's private network: NAT to the outside, DHCP whose only clients have reservations. */
import type { MachineNetwork, MachineSpec } from "../driver.ts";
import { escapeXml, stableUuid } from "./identity.ts";

export function networkXml(name: string, network: MachineNetwork, hosts: readonly string[]): string {
  const prefix = network.gateway.replace(/\.\d+$/, "");
  return `<network>
  <name>${escapeXml(name)}</name>
  <uuid>${stableUuid("network", name)}</uuid>
  <forward mode="nat"/>
  <bridge stp="off" delay="0"/>
  <ip address="${network.gateway}" netmask="255.255.255.0">
    <dhcp>
      <range start="${prefix}.2" end="${prefix}.254"/>
${hosts.map((host) => `      ${host}\n`).join("")}    </dhcp>
  </ip>
</network>
`;
}

/** The reservation of a machine's address. */
export function dhcpHost(machine: Pick<MachineSpec, "macAddress" | "name" | "address">): string {
  return `<host mac="${machine.macAddress}" name="${escapeXml(machine.name)}" ip="${machine.address}"/>`;
}
