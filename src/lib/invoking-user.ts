/**
 * The person behind `sudo`. Whatever such a process makes for that person it makes as that person: it gives up root for
 * good, so that the kernel decides what links and folders of the person's it may follow and write.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface InvokingUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

type Environment = Readonly<Record<string, string | undefined>>;
type LookUp = (key: string) => string | undefined;

/**
 * Who called sudo, as SUDO_UID, SUDO_GID and SUDO_USER say and the system's user database confirms; undefined where they
 * are missing, name root, or are not true of anybody. The group is the database's: SUDO_GID is that of the caller's
 * shell, which `newgrp` changes. Meant for a process that is root.
 */
export function findInvokingUser(environment: Environment, lookUp: LookUp = passwdLine): InvokingUser | undefined {
  const { SUDO_UID = "", SUDO_GID = "0", SUDO_USER } = environment;
  if (!/^[1-9]\d{0,9}$/.test(SUDO_UID) || !/^\d{1,10}$/.test(SUDO_GID)) return undefined;
  const user = parsePasswdLine(lookUp(SUDO_USER || SUDO_UID));
  if (user === undefined || user.uid !== Number(SUDO_UID) || user.uid === 0) return undefined;
  return SUDO_USER && user.name !== SUDO_USER ? undefined : user;
}

/** Node has it, its types do not. */
type InitializesGroups = typeof process & { initgroups(user: string, extraGroup: number): void };

/** Turns this process, which is root, into one of that person's: groups, ids and HOME. There is no way back. */
export function becomeUser({ name, uid, gid, home }: InvokingUser): void {
  (process as InitializesGroups).initgroups(name, gid);
  process.setgid?.(gid);
  process.setuid?.(uid);
  // Better not to go on than to go on as root.
  if (process.getuid?.() !== uid || process.geteuid?.() !== uid) throw new Error(`cannot become the user ${name}`);
  const given = process.env["HOME"];
  // `sudo -E` hands on the caller's own; plain sudo gives root's.
  if (!given || given === parsePasswdLine(passwdLine("root"))?.home) process.env["HOME"] = home;
  process.env["USER"] = process.env["LOGNAME"] = name;
}

/** The line of a name or a number. Files first; `getent` knows users of other sources too. */
function passwdLine(key: string): string | undefined {
  const field = /^\d+$/.test(key) ? 2 : 0;
  const local = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((line) => line.split(":")[field] === key);
  if (local !== undefined) return local;
  try {
    return execFileSync("/usr/bin/getent", ["passwd", "--", key], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    // Unknown to every source, or there is no getent.
    return undefined;
  }
}

function parsePasswdLine(line: string | undefined): InvokingUser | undefined {
  const [name = "", , uid = "", gid = "", , home = ""] = line?.trimEnd().split(":") ?? [];
  if (name === "" || !/^\d+$/.test(uid) || !/^\d+$/.test(gid) || !home.startsWith("/")) return undefined;
  return { name, uid: Number(uid), gid: Number(gid), home };
}
