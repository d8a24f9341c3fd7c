/** From a profile's node to the machine that a driver makes. */
import { createHash } from "node:crypto";
import { userInfo } from "node:os";
import type { MachineSpec } from "../drivers/driver.ts";
import { machineFolder, miniHome } from "./home.ts";
import type { NodeImage } from "./node-image.ts";
import type { Profile, ProfileNode } from "./profile.ts";
import { seedFolder } from "./seed.ts";

export function machineSpec(profile: Profile, node: ProfileNode, image: NodeImage): MachineSpec {
  return {
    name: node.name,
    hostName: node.hostName,
    profile: profile.name,
    cpus: profile.cpus,
    memoryMiB: profile.memoryMiB,
    diskMiB: profile.diskMiB,
    network: profile.network,
    address: node.address,
    macAddress: node.macAddress,
    home: miniHome(),
    folder: machineFolder(profile.name, node.name),
    image: { kernel: image.kernel, initrd: image.initrd, root: image.root },
    binary: image.binary,
    seed: seedFolder(profile.name, node.name),
  };
}

/** A locally administered address below QEMU's prefix, the same each time for a name. */
export function macAddress(name: string): string {
  const [a = "", b = "", c = ""] = createHash("sha256").update(name).digest("hex").match(/../g) ?? [];
  return `52:54:00:${a}:${b}:${c}`;
}

/**
 * The control plane is named as the profile, workers `NAME-m02` and so on; addresses follow the gateway's. On the host
 * the user's name follows, so that the profiles of several users may have one name; root's have none.
 */
export function planNodes(profile: string, count: number, gateway: string, user = hostUser()): ProfileNode[] {
  const prefix = gateway.replace(/\.\d+$/, "");
  return Array.from({ length: count }, (_, index) => {
    const name = index === 0 ? profile : `${profile}-m${String(index + 1).padStart(2, "0")}`;
    const role = index === 0 ? "control-plane" : "worker";
    const hostName = user === "" ? name : `${name}.${user}`;
    const own = { name, role, address: `${prefix}.${index + 2}`, macAddress: macAddress(hostName) } as const;
    return user === "" ? own : { ...own, hostName };
  });
}

/** Whose machines are made: a name, or the number of a user whose name is none for a file; empty for root. */
function hostUser(): string {
  const uid = process.geteuid?.() ?? 0;
  if (uid === 0) return "";
  try {
    const { username } = userInfo();
    return /^[a-z_][\w.-]*$/i.test(username) ? username : String(uid);
  } catch {
    // The user database does not know every number.
    return String(uid);
  }
}
