/** Sizes that a cluster can be started with, whatever the driver. */
import { availableParallelism } from "node:os";
import { MiniError } from "./errors.ts";

export interface Sizes {
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly diskMiB: number;
  readonly nodes: number;
  readonly apiServerPort: number;
}

const minimum = { cpus: 2, memoryMiB: 768, diskMiB: 2000 } as const;
const maximumNodes = 50;

/** What listens on a node already. */
const takenPorts: Readonly<Record<number, string>> = {
  22: "the SSH server",
  10248: "the kubelet",
  10250: "the kubelet",
  10256: "the service proxy",
};
const nodePorts = { first: 30_000, last: 32_767 } as const;

/** Throws HOST_PORT_IN_USE. */
function checkPortIsFree(port: number): void {
  const holder = port >= nodePorts.first && port <= nodePorts.last ? "Services as node ports" : takenPorts[port];
  if (holder === undefined) return;
  throw new MiniError("HOST_PORT_IN_USE", `--apiserver-port=${port}: that port of the node belongs to ${holder}`);
}

/** `force` goes over too few or too many processors and too little memory. Throws RSRC_…, HOST_PORT_IN_USE or MK_USAGE. */
export function checkSizes({ cpus, memoryMiB, diskMiB, nodes, apiServerPort }: Sizes, force: boolean): void {
  const available = availableParallelism();
  if (cpus < 1 || (!force && cpus < minimum.cpus)) {
    const advice = `--cpus=${minimum.cpus}`;
    throw new MiniError("RSRC_INSUFFICIENT_CORES", `--cpus=${cpus} is below the minimum of ${minimum.cpus}`, {
      advice,
    });
  }
  if (!force && cpus > available) {
    const message = `--cpus=${cpus} is more than the ${available} processors of this machine`;
    throw new MiniError("RSRC_INSUFFICIENT_CORES", message, { advice: "--cpus=max" });
  }
  if (memoryMiB < 256 || (!force && memoryMiB < minimum.memoryMiB)) {
    const message = `--memory=${memoryMiB}mb is below the minimum of ${minimum.memoryMiB}mb`;
    throw new MiniError("RSRC_INSUFFICIENT_REQ_MEMORY", message);
  }
  if (diskMiB < minimum.diskMiB) {
    const advice = `--disk-size=${minimum.diskMiB}mb`;
    throw new MiniError("MK_USAGE", `--disk-size=${diskMiB}mb is below the minimum of ${minimum.diskMiB}mb`, {
      advice,
    });
  }
  if (nodes < 1 || nodes > maximumNodes)
    throw new MiniError("MK_USAGE", `--nodes must be 1 to ${maximumNodes}, not ${nodes}`);
  if (apiServerPort < 1 || apiServerPort > 65_535) {
    throw new MiniError("MK_USAGE", `--apiserver-port must be 1 to 65535, not ${apiServerPort}`);
  }
  checkPortIsFree(apiServerPort);
}
