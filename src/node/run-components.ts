/** Runs the components of one process under supervision and keeps its part of the node's state. */
import { readFile } from "node:fs/promises";
import { uptime } from "node:os";
import { systemClock } from "../lib/clock.ts";
import { createLogger } from "../lib/log.ts";
import type { TableEntry } from "./component-table.ts";
import type { NodeConfig } from "./config.ts";
import { type ComponentState, type NodeState, parseTimings, timingsPath } from "./state.ts";
import { type ComponentStatus, supervise } from "./supervise.ts";

export interface RunOptions {
  readonly config: NodeConfig;
  readonly signal: AbortSignal;
  /** Called with the whole state whenever it changed. */
  readonly publish: (state: NodeState) => void;
}

/** Resolves when all have ended after the signal aborted. */
export async function runComponents(entries: readonly TableEntry[], options: RunOptions): Promise<void> {
  const { config, signal, publish } = options;
  const { zero, timings } = parseTimings(await readFile(timingsPath, "utf8").catch(() => ""));
  const components: Record<string, ComponentState> = {};
  const running = new Map(entries.map(({ name }) => [name, Promise.withResolvers<void>()]));
  const report = (name: string) => (status: ComponentStatus) => {
    components[name] = { ...status, since: systemClock.now() };
    if (status.state === "Running") {
      timings[name] ??= Math.round(uptime() * 1000 - zero);
      running.get(name)?.resolve();
    }
    publish({ version: 1, updatedAt: systemClock.now(), components: { ...components }, timings: { ...timings } });
  };
  const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  await Promise.all(
    entries.map(async (entry) => {
      const awaited = entry.after.map((name) => running.get(name)?.promise);
      await Promise.race([Promise.all(awaited), ended]);
      const component = {
        name: entry.name,
        start: async (attempt: AbortSignal) => await (await entry.load(config)).start(attempt),
      };
      await supervise(component, {
        signal,
        clock: systemClock,
        logger: createLogger(entry.name),
        report: report(entry.name),
      });
    }),
  );
}
