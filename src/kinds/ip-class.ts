/** What an IP address stands for, as Go's net/netip has it; IPv4-mapped IPv6 addresses stand for what they hold. */
import { BlockList, isIP } from "node:net";

type Family = "ipv4" | "ipv6";
type Range = readonly [address: string, length: number, family: Family];

function ranges(...list: Range[]): (address: string) => boolean {
  const block = new BlockList();
  for (const [address, length, family] of list) block.addSubnet(address, length, family);
  return (address) => {
    // A zone says on which link an address is, not what it is.
    const plain = address.split("%", 1)[0] as string;
    const version = isIP(plain);
    return version !== 0 && block.check(plain, version === 4 ? "ipv4" : "ipv6");
  };
}

export const isLoopback = ranges(["127.0.0.0", 8, "ipv4"], ["::1", 128, "ipv6"]);
export const isLinkLocalUnicast = ranges(["169.254.0.0", 16, "ipv4"], ["fe80::", 10, "ipv6"]);
export const isLinkLocalMulticast = ranges(["224.0.0.0", 24, "ipv4"], ["ff02::", 16, "ipv6"]);
const isMulticast = ranges(["224.0.0.0", 4, "ipv4"], ["ff00::", 8, "ipv6"]);
const isBroadcast = ranges(["255.255.255.255", 32, "ipv4"]);
/** The whole of 0.0.0.0/8 means this host, RFC 1122 section 3.2.1.3. */
const isThisHost = ranges(["0.0.0.0", 8, "ipv4"]);
export const isUnspecified = ranges(["0.0.0.0", 32, "ipv4"], ["::", 128, "ipv6"]);

const special = [isLoopback, isLinkLocalUnicast, isMulticast, isBroadcast, isThisHost, isUnspecified];

/** Whether a text is an address of some other machine, and not of this one, this link or a group: Go's IsGlobalUnicast. */
export function isGlobalUnicast(address: string): boolean {
  return isIP(address) !== 0 && !special.some((matches) => matches(address));
}
