/**
 * Connections to libvirt for this user, who is never asked for a password, and what is wrong where there is none. Causes
 * are told apart by libvirt's codes and the system's error numbers; what libvirt says is shown, not read.
 */
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { constants } from "node:os";
import { promisify } from "node:util";
import {
  Connection,
  type ConnectionUri,
  errorDomains,
  isLibvirtError,
  type LibvirtError,
} from "../../libvirt/index.ts";
import { DriverError } from "../driver-error.ts";
import { type GroupMembership, groupMembership, joinGroups } from "./user-groups.ts";

/** Made by stock libvirt, which lets its members do everything. */
export const libvirtGroup = "libvirt";
const socketPath = "/run/libvirt/libvirt-sock";
/** polkit's name for everything that is not only looking. */
const manageAction = "org.libvirt.unix.manage";

const refusals = new Set(["authFailed", "authUnavailable", "authCancelled"]);

/** What is known of the host when there is no connection. */
export interface HostFacts {
  readonly membership: GroupMembership;
  readonly systemd: boolean;
}

export interface Explanation {
  readonly errorId: string;
  readonly message: string;
  readonly advice: string;
}

/**
 * Runs `action` with a connection, closed afterwards. Throws DriverError: of the register's PR_KVM_… ids where there is no
 * connection, `failureId` where libvirt refuses something that the action does not expect.
 */
export async function withLibvirt<T>(
  uri: ConnectionUri,
  { readOnly = false, failureId = "PR_KVM_CALL" }: { readOnly?: boolean; failureId?: string },
  action: (connection: Connection) => Promise<T>,
): Promise<T> {
  await using connection = await connect(uri, readOnly);
  try {
    return await action(connection);
  } catch (error) {
    if (!isLibvirtError(error)) throw error;
    throw new DriverError(failureId, `libvirt: ${error.message}`, { cause: error });
  }
}

async function connect(uri: ConnectionUri, readOnly: boolean): Promise<Connection> {
  const refused = (await isRefused(uri, readOnly)) ? "refused" : undefined;
  try {
    if (refused === undefined) return await Connection.open(uri, { readOnly });
  } catch (error) {
    if (!isLibvirtError(error)) throw error;
    const { errorId, message, advice } = explainConnection(error, await hostFacts());
    throw new DriverError(errorId, message, { cause: error, advice });
  }
  const { errorId, message, advice } = explainRefusal(await hostFacts(), "polkit wants a password");
  throw new DriverError(errorId, message, { advice });
}

/**
 * Whether polkit would ask for a password, which an agent of the desktop would show. Members of libvirt's group are not
 * asked; for others polkit is asked first what it would do, without the agent.
 */
async function isRefused(uri: ConnectionUri, readOnly: boolean): Promise<boolean> {
  if (readOnly || uri !== "qemu:///system" || process.geteuid?.() === 0) return false;
  if ((await groupMembership(libvirtGroup)).listed) return false;
  return promisify(execFile)("pkcheck", ["--action-id", manageAction, "--process", String(process.pid)]).then(
    () => false,
    // 1: no, 2: after a password. Anything else, as that there is no polkit, is libvirt's to say.
    ({ code }: { code?: unknown }) => code === 1 || code === 2,
  );
}

export async function hostFacts(): Promise<HostFacts> {
  const socket = await stat(socketPath).catch(() => undefined);
  const group = socket === undefined || socket.gid === 0 ? libvirtGroup : socket.gid;
  const systemd = await stat("/run/systemd/system").catch(() => undefined);
  return { membership: await groupMembership(group), systemd: systemd !== undefined };
}

/** Why there is no connection, and what mends it. */
export function explainConnection(error: LibvirtError, facts: HostFacts): Explanation {
  const { errno } = constants;
  const detail = error.message;
  if (error.kind === "libraryMissing") {
    const advice = "sudo apt-get install libvirt0 libvirt-daemon-system";
    return { errorId: "DRV_KVM2_NOT_FOUND", message: detail, advice };
  }
  if (refusals.has(error.kind)) return explainRefusal(facts, detail);
  // The socket is closed to this user: the kernel goes by the groups of this process.
  if (error.errno === errno.EACCES || error.errno === errno.EPERM) {
    const { message, advice } = joinGroups(facts.membership);
    const errorId = facts.membership.listed ? "PR_KVM_GROUP_LOGIN" : "PR_KVM_USER_PERMISSION";
    return { errorId, message: `libvirt's socket is closed to this user: ${message}`, advice };
  }
  if (error.kind === "dbusService") return explainPolkit(facts, detail);
  if (error.domain === errorDomains.dbus) return explainBus(facts, detail);
  const advice = facts.systemd ? "sudo systemctl start libvirtd" : "sudo virtlogd -d; sudo libvirtd -d";
  return { errorId: "PR_KVM_SOCKET", message: `libvirt's daemon does not answer: ${detail}`, advice };
}

/** polkit said no. It goes by the user database: somebody who is in the group there is refused by another rule. */
function explainRefusal({ membership }: HostFacts, detail: string): Explanation {
  if (membership.listed) {
    const message = `polkit does not let ${membership.user} use libvirt, though in the group ${membership.group}: ${detail}`;
    const advice = `Look for a rule about ${manageAction} in /etc/polkit-1/rules.d; Debian's lets the group in`;
    return { errorId: "PR_KVM_POLKIT_REFUSED", message, advice };
  }
  const { message, advice } = joinGroups(membership);
  return { errorId: "PR_KVM_USER_PERMISSION", message: `libvirt may not be used: ${message} (${detail})`, advice };
}

function explainPolkit({ systemd }: HostFacts, detail: string): Explanation {
  const start = systemd ? "sudo systemctl restart polkit libvirtd" : "sudo /usr/lib/polkit-1/polkitd --no-debug &";
  return {
    errorId: "PR_KVM_NO_POLKIT",
    message: `libvirt asks polkit who may use it, and polkit does not answer: ${detail}`,
    advice: `sudo apt-get install polkitd, then ${start}`,
  };
}

/** The daemon looks for the bus once in its life: it has to start after it. */
function explainBus({ systemd }: HostFacts, detail: string): Explanation {
  const start = systemd
    ? "sudo systemctl start dbus && sudo systemctl restart libvirtd"
    : "sudo mkdir -p /run/dbus; sudo dbus-daemon --system --fork; sudo kill $(pgrep -x libvirtd); sudo libvirtd -d";
  return {
    errorId: "PR_KVM_NO_BUS",
    message: `libvirt asks polkit who may use it, over the system bus, which did not run when libvirt started: ${detail}`,
    advice: `sudo apt-get install dbus polkitd, then ${start}`,
  };
}
