/**
 * What the node says of itself: health of each component and the times of its start, at nodePaths.state. The launcher
 * reads it for `mini status`, `mini logs` and `scripts/bench start`. Two processes write: each keeps a file of its own
 * and the node agent joins them.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { nodePaths } from "./config.ts";
import type { ComponentStatus } from "./supervise.ts";

export interface ComponentState extends ComponentStatus {
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export interface NodeState {
  readonly version: 1;
  /** Milliseconds since the epoch. */
  readonly updatedAt: number;
  readonly components: Readonly<Record<string, ComponentState>>;
  /**
   * Milliseconds from the start of the kernel (VM) or of init (runc) to each point: `kernel`, `modules`, `data`,
   * `system` from the boot scripts, then one for each component when it first ran.
   */
  readonly timings: Readonly<Record<string, number>>;
}

export type ProcessName = "control-plane" | "agent";

export function partPath(process: ProcessName): string {
  return join(dirname(nodePaths.state), `state-${process}.json`);
}

export const timingsPath: string = join(dirname(nodePaths.state), "timings");

export async function writeState(path: string, state: NodeState): Promise<void> {
  await writeFile(`${path}.tmp`, JSON.stringify(state));
  await rename(`${path}.tmp`, path);
}

/** Undefined where there is none yet. */
export async function readState(path: string): Promise<NodeState | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as NodeState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

export function joinStates(parts: readonly (NodeState | undefined)[]): NodeState {
  const present = parts.filter((part) => part !== undefined);
  return {
    version: 1,
    updatedAt: Math.max(0, ...present.map(({ updatedAt }) => updatedAt)),
    components: Object.assign({}, ...present.map(({ components }) => components)) as NodeState["components"],
    timings: Object.assign({}, ...present.map(({ timings }) => timings)) as NodeState["timings"],
  };
}

/**
 * Lines `name seconds`, seconds of uptime; a line `init` (runc, where uptime is the host's) is the zero point.
 */
export function parseTimings(text: string): { readonly zero: number; readonly timings: Record<string, number> } {
  const lines = text.split("\n").flatMap((line): [string, number][] => {
    const [name, seconds] = line.split(" ");
    return name === undefined || name === "" || seconds === undefined ? [] : [[name, Number(seconds) * 1000]];
  });
  const zero = lines.find(([name]) => name === "init")?.[1] ?? 0;
  const timings = lines.filter(([name]) => name !== "init").map(([name, at]) => [name, Math.round(at - zero)] as const);
  return { zero, timings: Object.fromEntries(timings) };
}
