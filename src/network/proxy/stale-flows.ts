/**
 * UDP has no connections, so a tracked flow keeps going to an endpoint that is gone, or to nowhere from the time before
 * there was one. Finds the flows that must be forgotten after a change. Beyond upstream's, which leaves them to their
 * timeout, those of a Service whose last endpoint or which itself has gone end too: whoever has the endpoint's address next
 * would get them.
 */
import { parseAddress, parsePrefix, prefixContains } from "../../kinds/ip-prefix.ts";
import type { ProxyServicePort } from "./service-ports.ts";

/** Tracked flows to one destination that are answered from one place. */
export interface TrackedFlows {
  readonly destination: string;
  readonly destinationPort: number;
  readonly answeredFrom: string;
  readonly answeredFromPort: number;
}

const nothing: ReadonlySet<string> = new Set();

/** A line has the addresses of the original direction, then those of the reply. */
const flowLine = /^udp .*?\bdst=(\S+) .*?\bdport=(\d+) .*?\bsrc=(\S+) .*?\bsport=(\d+) /;

/** Reads what `conntrack -L -p udp` prints. */
export function parseFlows(text: string): TrackedFlows[] {
  const found = new Map<string, TrackedFlows>();
  for (const line of text.split("\n")) {
    const [, destination = "", destinationPort, answeredFrom = "", answeredFromPort] = flowLine.exec(line) ?? [];
    if (destination === "") continue;
    const flows = {
      destination,
      destinationPort: Number(destinationPort),
      answeredFrom,
      answeredFromPort: Number(answeredFromPort),
    };
    found.set(Object.values(flows).join(" "), flows);
  }
  return [...found.values()];
}

export interface FormerServices {
  readonly ports: readonly ProxyServicePort[];
  /** Ranges of addresses that are Services' alone: what goes there has been led by one, be it before this process began. */
  readonly serviceCidrs: readonly string[];
}

/**
 * Those of `flows` that go to a UDP Service, by one of its addresses or its node port, and to no endpoint of it; or to
 * what was a Service before.
 */
export function findStaleFlows(
  flows: readonly TrackedFlows[],
  ports: readonly ProxyServicePort[],
  former: FormerServices = { ports: [], serviceCidrs: [] },
): TrackedFlows[] {
  const ranges = former.serviceCidrs.map(parsePrefix).filter((range) => range !== undefined);
  const isServices = (destination: string): boolean => {
    const address = parseAddress(destination);
    return address !== undefined && ranges.some((range) => prefixContains(range, address));
  };
  const byAddress = new Map<string, ReadonlySet<string>>();
  const byNodePort = new Map<number, ReadonlySet<string>>();
  const add = (port: ProxyServicePort, serving: ReadonlySet<string>): void => {
    for (const address of addressesOf(port)) byAddress.set(`${address}:${port.port}`, serving);
    if (port.nodePort !== undefined) byNodePort.set(port.nodePort, serving);
  };
  for (const port of udpOf(former.ports)) add(port, nothing);
  for (const port of udpOf(ports)) add(port, port.serving);
  return flows.filter(({ destination, destinationPort, answeredFrom, answeredFromPort }) => {
    const known = byAddress.get(`${destination}:${destinationPort}`) ?? byNodePort.get(destinationPort);
    const serving = known ?? (isServices(destination) ? nothing : undefined);
    if (serving === undefined) return false;
    // Without endpoints nothing is led anywhere: what is not translated is no flow of the Service's.
    if (serving.size === 0 && answeredFrom === destination && answeredFromPort === destinationPort) return false;
    return !serving.has(`${answeredFrom}:${answeredFromPort}`);
  });
}

/** Whether flows may have become stale from one state to the next. */
export function mayLeaveStaleFlows(
  previous: readonly ProxyServicePort[],
  current: readonly ProxyServicePort[],
): boolean {
  return describe(previous) !== describe(current);
}

const udpOf = (ports: readonly ProxyServicePort[]): ProxyServicePort[] =>
  ports.filter((port) => port.protocol === "udp");

const addressesOf = (port: ProxyServicePort): string[] => [
  port.clusterIP,
  ...port.externalIPs,
  ...port.loadBalancerIPs,
];

function describe(ports: readonly ProxyServicePort[]): string {
  return JSON.stringify(
    udpOf(ports).map((port) => [port.id, port.port, port.nodePort, addressesOf(port), [...port.serving]]),
  );
}
