/** Notices machines that die while the cluster boots, so that nobody waits minutes for a guest that is gone. */
import type { Driver, MachineSpec, MachineState } from "../../drivers/driver.ts";
import { systemClock } from "../../lib/clock.ts";
import { MiniError } from "../errors.ts";

const pollMs = 500;
const consoleLines = 12;

/** Rejects with GUEST_KVM_FAULT or GUEST_START when a machine does not run any more; resolves when the signal aborts. */
export async function watchMachines(
  driver: Driver,
  machines: readonly MachineSpec[],
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    for (const machine of machines) {
      const state = await driver.state(machine);
      if (!signal.aborted && state !== "Running" && state !== "Starting") throw await explain(driver, machine, state);
    }
    await systemClock.sleep(pollMs, signal).catch(() => undefined);
  }
}

async function explain(driver: Driver, machine: MachineSpec, state: MachineState): Promise<MiniError> {
  const lines = (await driver.consoleLog(machine).catch(() => "")).trimEnd().split("\n").slice(-consoleLines);
  const output = lines.join("\n").trim();
  const detail = output === "" ? "its console shows nothing" : `the end of its console:\n${output}`;
  if (driver.name === "kvm2" && state === "Error") {
    return new MiniError("GUEST_KVM_FAULT", `KVM stopped the guest ${machine.name} while it booted; ${detail}`);
  }
  return new MiniError("GUEST_START", `${machine.name} is ${state} instead of Running; ${detail}`);
}
