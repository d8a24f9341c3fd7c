/** Writes a process's part of the node's state; the agent also joins both parts into nodePaths.state. */
import { mkdirSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { createLogger } from "../lib/log.ts";
import { nodePaths } from "./config.ts";
import { joinStates, type NodeState, type ProcessName, partPath, readState, writeState } from "./state.ts";

export interface StatePublisher {
  publish(state: NodeState): void;
  /** Resolves when the last state is written. */
  close(): Promise<void>;
}

export function createStatePublisher(process: ProcessName): StatePublisher {
  const logger = createLogger(process);
  mkdirSync(dirname(nodePaths.state), { recursive: true });
  let latest: NodeState | undefined;
  let dirty = false;
  let writing: Promise<void> | undefined;

  const writeOnce = async (): Promise<void> => {
    if (latest !== undefined) await writeState(partPath(process), latest);
    if (process === "agent")
      await writeState(nodePaths.state, joinStates([await readState(partPath("control-plane")), latest]));
  };
  const loop = async (): Promise<void> => {
    while (dirty) {
      dirty = false;
      await writeOnce().catch((error: unknown) => logger.error("the node's state cannot be written", { error }));
    }
    writing = undefined;
  };
  const touch = (): void => {
    dirty = true;
    writing ??= loop();
  };
  const watcher =
    process === "agent"
      ? watch(dirname(nodePaths.state), (_, file) => {
          if (file === basename(partPath("control-plane"))) touch();
        })
      : undefined;
  return {
    publish(state) {
      latest = state;
      touch();
    },
    async close() {
      watcher?.close();
      await writing;
    },
  };
}
