/** Picks the driver: kvm2 where it can work, else qemu2, else runc. */
import type { Check, Driver, DriverName } from "../drivers/driver.ts";
import { driverNames, isDriverName, loadDriver } from "../drivers/index.ts";
import { MiniError, registeredId } from "./errors.ts";

export type Needs = Parameters<Driver["check"]>[0];

export interface DriverChoice {
  readonly driver: Driver;
  /** One line: why this one. */
  readonly reason: string;
  /** Failed checks that --force went over. */
  readonly overridden: readonly Check[];
}

export interface ChoiceOptions {
  /** What the user asked for: a name, or undefined. */
  readonly wanted: string | undefined;
  readonly force: boolean;
  readonly needs: Needs;
}

const aliases: Readonly<Record<string, DriverName>> = { kvm: "kvm2", qemu: "qemu2" };

/** Checks change nothing. Throws DRV_UNSUPPORTED, DRV_NOT_DETECTED, or the id of the first failed check. */
export async function chooseDriver({ wanted, force, needs }: ChoiceOptions): Promise<DriverChoice> {
  if (wanted !== undefined && wanted !== "auto") {
    const driver = await loadDriver(parseDriver(wanted));
    const overridden = requireChecks(await driver.check(needs), force);
    return { driver, reason: `Using the ${driver.name} driver as asked for`, overridden };
  }
  return detectDriver(needs);
}

/** Throws DRV_UNSUPPORTED with the names that there are. */
export function parseDriver(name: string): DriverName {
  const driver = aliases[name] ?? name;
  if (isDriverName(driver)) return driver;
  throw new MiniError("DRV_UNSUPPORTED", `The driver '${name}' is not supported; there are ${driverNames.join(", ")}`);
}

async function detectDriver(needs: Needs): Promise<DriverChoice> {
  const rejected: string[] = [];
  const mends: string[] = [];
  const resources: Check[] = [];
  for (const name of driverNames) {
    const driver = await loadDriver(name);
    const failed = (await driver.check(needs)).find((check) => !check.ok);
    if (failed === undefined) {
      const because = rejected.length === 0 ? "this machine can run KVM guests" : rejected.join("; ");
      return { driver, reason: `Automatically selected the ${name} driver: ${because}`, overridden: [] };
    }
    rejected.push(`not ${name}, since ${failed.message}`);
    if (failed.advice !== undefined) mends.push(`${name}: ${failed.advice}`);
    if (["memory", "disk", "cpus"].includes(failed.name)) resources.push(failed);
  }
  const [resource] = resources;
  if (resource !== undefined) throw checkError(resource);
  const advice = mends.length === 0 ? {} : { advice: mends.join("\n") };
  throw new MiniError("DRV_NOT_DETECTED", `No driver can work here: ${rejected.join("; ")}`, advice);
}

/** Throws for the first failed check, unless force may go over it; answers those that it went over. */
function requireChecks(checks: readonly Check[], force: boolean): Check[] {
  const failed = checks.filter((check) => !check.ok);
  const blocking = failed.find((check) => !(force && check.skippable));
  if (blocking !== undefined) throw checkError(blocking);
  return failed;
}

function checkError(check: Check): MiniError {
  return new MiniError(
    registeredId(check.errorId),
    check.message,
    check.advice === undefined ? {} : { advice: check.advice },
  );
}
