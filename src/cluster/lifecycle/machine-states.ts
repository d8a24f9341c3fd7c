/**
 * What a profile's machines do, looked at before anything is done to them. A stop that was begun is noted beside the
 * machine until it has ended: who finds the note knows that a machine that runs still is on its way down, also where the
 * `mini stop` that began it was killed.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { CallOptions, Driver, MachineSpec, MachineState } from "../../drivers/driver.ts";
import { DriverError } from "../../drivers/driver-error.ts";
import { readFileIfPresent, writeFileAtomically } from "../../lib/atomic-file.ts";
import { machineFolder } from "../home.ts";
import type { Profile, ProfileNode } from "../profile.ts";

export interface ObservedNode {
  readonly node: ProfileNode;
  readonly state: MachineState;
}

/** Rejects where a driver cannot say: not to know is no reason to think that nothing runs. */
export async function observeNodes(driver: Driver, profile: Profile): Promise<ObservedNode[]> {
  return await Promise.all(
    profile.nodes.map(async (node) => ({ node, state: await machineState(driver, profile.name, node) })),
  );
}

/** As the driver says, but `Stopping` where a stop was begun that has not ended. */
export async function machineState(driver: Driver, profile: string, node: ProfileNode): Promise<MachineState> {
  const state = await driver.state(node);
  if (state !== "Running" && state !== "Paused") return state;
  return (await readFileIfPresent(stopNote(profile, node.name))) === undefined ? state : "Stopping";
}

/** Orderly, and finished by the next start where it is interrupted. A paused machine goes on for as long as that takes. */
export async function stopMachine(
  driver: Driver,
  machine: MachineSpec,
  { signal, graceMs, report }: CallOptions & { graceMs: number },
): Promise<void> {
  await writeFileAtomically(stopNote(machine.profile, machine.name), "");
  report?.(`Stopping node "${machine.name}" ...`);
  try {
    await driver.resume(machine, { signal });
    await driver.stop(machine, { signal, graceMs });
  } catch (error) {
    // A driver that refuses, for want of root or of a connection, has begun nothing.
    if (error instanceof DriverError) await forgetStop(machine.profile, machine.name);
    throw error;
  }
  await forgetStop(machine.profile, machine.name);
}

export async function forgetStop(profile: string, node: string): Promise<void> {
  await rm(stopNote(profile, node), { force: true });
}

function stopNote(profile: string, node: string): string {
  return join(machineFolder(profile, node), "stopping");
}
