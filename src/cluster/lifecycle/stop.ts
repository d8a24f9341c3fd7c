/** `mini stop`: an orderly shutdown of all machines; disks, network definition and addresses stay. */
import { allEnded } from "../../lib/all-ended.ts";
import { loadProfile, lockProfile } from "../profile.ts";
import { stopMachine } from "./machine-states.ts";
import { machinesOf } from "./machines.ts";

export interface StopOptions {
  readonly profile: string;
  readonly graceMs: number;
  readonly report: (message: string) => void;
  readonly signal: AbortSignal;
}

export interface StopResult {
  readonly profile: string;
  /** Names of the nodes that ran. */
  readonly stopped: readonly string[];
}

/** Workers first, side by side, so that the control plane sees them go. */
export async function stopCluster(options: StopOptions): Promise<StopResult> {
  await using _lock = await lockProfile(options.profile);
  const profile = await loadProfile(options.profile);
  const { driver, all } = await machinesOf(profile);
  const [first, ...workers] = all;
  const stopped: string[] = [];
  for (const group of [workers, first === undefined ? [] : [first]]) {
    await allEnded(
      group.map(async (machine) => {
        const state = await driver.state(machine);
        if (state === "Nonexistent" || state === "Stopped") return;
        await stopMachine(driver, machine, options);
        stopped.push(machine.name);
      }),
    );
  }
  return { profile: profile.name, stopped };
}
