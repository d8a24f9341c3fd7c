/**
 * UDP has no connections, so a tracked flow keeps going to an endpoint that is gone, or to nowhere from the time before
 * there was one. Finds the flows that must be forgotten after a change; as upstream's, Services that no endpoint serves
 * keep theirs.
 */
import type { ProxyServicePort } from "./service-ports.ts";

/** Tracked flows to one destination that are answered from one place. */
export interface TrackedFlows {
  readonly destination: string;
  readonly destinationPort: number;
  readonly answeredFrom: string;
  readonly answeredFromPort: number;
}

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

/** Those of `flows` that go to a UDP Service, by one of its addresses or its node port, and to no endpoint of it. */
export function findStaleFlows(flows: readonly TrackedFlows[], ports: readonly ProxyServicePort[]): TrackedFlows[] {
  const byAddress = new Map<string, ReadonlySet<string>>();
  const byNodePort = new Map<number, ReadonlySet<string>>();
  for (const port of servedUdp(ports)) {
    for (const address of addressesOf(port)) byAddress.set(`${address}:${port.port}`, port.serving);
    if (port.nodePort !== undefined) byNodePort.set(port.nodePort, port.serving);
  }
  return flows.filter(({ destination, destinationPort, answeredFrom, answeredFromPort }) => {
    const serving = byAddress.get(`${destination}:${destinationPort}`) ?? byNodePort.get(destinationPort);
    return serving !== undefined && !serving.has(`${answeredFrom}:${answeredFromPort}`);
  });
}

/** Whether flows may have become stale from one state to the next. */
export function mayLeaveStaleFlows(
  previous: readonly ProxyServicePort[],
  current: readonly ProxyServicePort[],
): boolean {
  return describe(previous) !== describe(current);
}

const servedUdp = (ports: readonly ProxyServicePort[]): ProxyServicePort[] =>
  ports.filter((port) => port.protocol === "udp" && port.serving.size > 0);

const addressesOf = (port: ProxyServicePort): string[] => [
  port.clusterIP,
  ...port.externalIPs,
  ...port.loadBalancerIPs,
];

function describe(ports: readonly ProxyServicePort[]): string {
  return JSON.stringify(
    servedUdp(ports).map((port) => [port.id, port.port, port.nodePort, addressesOf(port), [...port.serving]]),
  );
}
