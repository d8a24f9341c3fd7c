/** What a machine is called on the host, where all its users' machines are side by side. */
import type { MachineSpec } from "./driver.ts";

type Named = Pick<MachineSpec, "name" | "hostName">;

export function hostName({ name, hostName: own }: Named): string {
  return own ?? name;
}

/** What a machine's name on the host has beyond its own: `.ada`; empty for root's. */
export function hostNameSuffix(machine: Named): string {
  const { name } = machine;
  const whole = hostName(machine);
  return whole.startsWith(name) ? whole.slice(name.length) : `.${whole}`;
}
