/**
 * The machine of the workshop: libvirt as its packages leave it, with a system bus and polkit in front, and persons who
 * are not root. What does not run is started and ended again; persons are removed with all they have.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { execa } from "execa";
import { eventually } from "./eventually.ts";

const busSocket = "/run/dbus/system_bus_socket";
const daemonPidFile = "/run/libvirtd.pid";
const daemonMs = 60_000;

export interface Output {
  readonly exitCode: number;
  /** Both streams, as a person sees them. */
  readonly text: string;
}

export interface Person {
  readonly name: string;
  readonly home: string;
}

/** Whether the tests that make such a machine can run: they add users and start daemons. */
export const canMakeMachine = process.getuid?.() === 0 && existsSync("/usr/sbin/libvirtd");

/** Makes a person with the given groups, whose home has that mode and who may use sudo. */
export function addPerson(name: string, { groups, mode }: { groups: readonly string[]; mode: number }): Person {
  const home = `/home/${name}`;
  const membership = groups.length === 0 ? [] : ["--groups", groups.join(",")];
  execFileSync("useradd", ["--create-home", "--user-group", "--shell", "/bin/bash", ...membership, name]);
  chmodSync(home, mode);
  writeFileSync(sudoers(name), `${name} ALL=(ALL) NOPASSWD: ALL\n`, { mode: 0o440 });
  return { name, home };
}

export function removePerson({ name }: Person): void {
  rmSync(sudoers(name), { force: true });
  execFileSync("userdel", ["--remove", name], { stdio: "ignore" });
}

/** Runs a script in a new login shell; groups are those of the user database unless it is said otherwise. */
export async function login({ name, home }: Person, script: string, groups = "--init-groups"): Promise<Output> {
  const result = await execa("setpriv", ["--reuid", name, "--regid", name, groups, "bash", "-l", "-c", script], {
    cwd: home,
    env: { HOME: home, USER: name, LOGNAME: name, PATH: "/usr/local/bin:/usr/bin:/bin", TERM: "dumb" },
    extendEnv: false,
    reject: false,
    all: true,
  });
  return { exitCode: result.exitCode ?? 1, text: result.all };
}

/** As login; throws with what was printed where the script fails. */
export async function succeed(person: Person, script: string): Promise<string> {
  const { exitCode, text } = await login(person, script);
  if (exitCode !== 0) throw new Error(`${person.name}: ${script}\nexited with ${exitCode}:\n${text}`);
  return text;
}

/**
 * Runs a script as `login` does, against a libvirt of its own that finds no system bus: it and the script are in a mount
 * namespace where nothing is in the folders of the bus, of libvirt's sockets and of its domains and networks. Whatever bus
 * the machine has goes on.
 */
export async function loginWithoutBus({ name, home }: Person, script: string): Promise<Output> {
  const lines = [
    "set -e",
    "for folder in /run/dbus /run/libvirt /etc/libvirt/qemu; do mkdir -p $folder; mount -t tmpfs none $folder; done",
    "libvirtd --daemon --pid-file /run/libvirt/test.pid >/dev/null 2>&1",
    'end() { kill "$(cat /run/libvirt/test.pid)"; }',
    "trap end EXIT",
    `setpriv --reuid ${name} --regid ${name} --init-groups bash -l -c "$1"`,
  ];
  const result = await execa("unshare", ["--mount", "bash", "-c", lines.join("\n"), "bash", script], {
    cwd: home,
    env: { HOME: home, USER: name, LOGNAME: name, PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", TERM: "dumb" },
    extendEnv: false,
    reject: false,
    all: true,
  });
  return { exitCode: result.exitCode ?? 1, text: result.all };
}

/** The system bus, where this test had to start it; polkit comes with it when it is asked. */
export class SystemBus {
  #daemon: ChildProcess | undefined;

  /** Makes sure that libvirt can be asked through a bus. libvirt looks for it once, so it may have to start anew. */
  async start(): Promise<void> {
    if (await busAnswers().catch(() => false)) {
      if (!(await strangersConnect())) await restartLibvirt();
      return;
    }
    rmSync(busSocket, { force: true });
    mkdirSync("/run/dbus", { recursive: true });
    this.#daemon = spawn("dbus-daemon", ["--system", "--nofork", "--nopidfile"], { stdio: "ignore" });
    await eventually(busAnswers, daemonMs);
    await restartLibvirt();
  }

  /** Ends the bus, and with it polkit and libvirt's daemon, which is started anew: without a bus, as it was. */
  async stop(): Promise<void> {
    if (this.#daemon === undefined) return;
    const ended = new Promise((resolve) => this.#daemon?.once("exit", resolve));
    this.#daemon.kill();
    await ended;
    this.#daemon = undefined;
    rmSync(busSocket, { force: true });
    await restartLibvirt();
  }
}

async function restartLibvirt(): Promise<void> {
  if (existsSync("/run/systemd/system")) {
    execFileSync("systemctl", ["restart", "libvirtd"]);
  } else {
    const pid = existsSync(daemonPidFile) ? Number(readFileSync(daemonPidFile, "utf8")) : 0;
    if (runs(pid)) process.kill(pid);
    await eventually(async () => {
      if (runs(pid)) throw new Error("libvirtd does not end");
    }, daemonMs);
    execFileSync("libvirtd", ["-d"], { stdio: "ignore" });
  }
  await eventually(() => execa("virsh", ["-c", "qemu:///system", "version"]), daemonMs);
}

/** Whether libvirt can ask polkit about others than root, whom it asks nobody about. */
async function strangersConnect(): Promise<boolean> {
  const words = ["--reuid", "nobody", "--clear-groups", "virsh", "--readonly", "-c", "qemu:///system", "version"];
  return (await execa("setpriv", words, { reject: false, env: { HOME: "/" } })).exitCode === 0;
}

/** A process that has ended and was not waited for has no executable any more. */
function runs(pid: number): boolean {
  if (pid === 0) return false;
  try {
    return readlinkSync(`/proc/${pid}/exe`) !== "";
  } catch {
    return false;
  }
}

function busAnswers(): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(busSocket);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", reject);
  });
}

function sudoers(name: string): string {
  return `/etc/sudoers.d/${name}`;
}
