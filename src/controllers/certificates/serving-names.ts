/**
 * Which names a kubelet's serving certificate may have without anyone looking at it. A node reports its own addresses,
 * so what it says there proves nothing against others: addresses of the control plane, of Services, of pods and of
 * other nodes are not its own whatever it reports, nor is any host name but the node's.
 */
import { BlockList, isIPv4, isIPv6 } from "node:net";
import type { Node } from "../../kinds/generated/core-v1.ts";
import type { CertificateRequest } from "../../lib/x509/certificate-request.ts";

export interface ServingNames {
  /** Whether every DNS name and address of the request belongs to the node that its common name names. */
  areOfNode(request: CertificateRequest, nodes: readonly Node[]): boolean;
}

export interface ServingNamesOptions {
  /** The node of the control plane, whose address is the API server's too. */
  readonly controlPlane: { readonly nodeName: string; readonly address: string };
  /** `10.96.0.0/12`: ranges in which no node's address is. */
  readonly foreignSubnets: readonly string[];
}

const nodeUserPrefix = "system:node:";
/** Names that clients call the API server by. */
const apiServerNames = /^(localhost|kubernetes(\.default(\.svc(\..+)?)?)?)$/i;
const addressTypes = new Set(["InternalIP", "ExternalIP"]);

export function createServingNames({ controlPlane, foreignSubnets }: ServingNamesOptions): ServingNames {
  const foreign = new BlockList();
  const subnets = ["127.0.0.0/8", "0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/127", "fe80::/10", "ff00::/8"];
  for (const subnet of [...subnets, ...foreignSubnets]) {
    const [address = "", bits = ""] = subnet.split("/");
    foreign.addSubnet(address, Number(bits), familyOf(address));
  }
  return {
    areOfNode({ subject, dnsNames, ipAddresses }, nodes) {
      const name = subject.commonName.slice(nodeUserPrefix.length);
      const node = nodes.find(({ metadata }) => metadata?.name === name);
      if (node === undefined) return false;
      const hostsApiServer = name === controlPlane.nodeName;
      const isOwnName = (dnsName: string): boolean =>
        dnsName === name && (hostsApiServer || !apiServerNames.test(dnsName));
      const own = addressesOf(node);
      const others = new Set(nodes.filter((one) => one !== node).flatMap((one) => [...addressesOf(one)]));
      const isOwnAddress = (address: string): boolean =>
        own.has(address) &&
        !others.has(address) &&
        !foreign.check(address, familyOf(address)) &&
        (hostsApiServer || address !== controlPlane.address);
      return dnsNames.every(isOwnName) && ipAddresses.every(isOwnAddress);
    },
  };
}

const familyOf = (address: string): "ipv4" | "ipv6" => (address.includes(":") ? "ipv6" : "ipv4");

function addressesOf({ status }: Node): Set<string> {
  return new Set(
    (status?.addresses ?? [])
      .filter(({ type, address }) => addressTypes.has(type) && (isIPv4(address) || isIPv6(address)))
      .map(({ address }) => address),
  );
}
