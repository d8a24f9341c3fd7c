/** Whether this user is in a group, which the user database and this process may not agree on. */
import { execFile } from "node:child_process";
import { userInfo } from "node:os";
import { promisify } from "node:util";

export interface GroupMembership {
  /** Name, or number where it has none. */
  readonly group: string;
  /** Name of the user, or number. */
  readonly user: string;
  /** In the user database: what counts from the next login on. */
  readonly listed: boolean;
  /** In this process: what the kernel goes by. */
  readonly effective: boolean;
}

export async function groupMembership(group: string | number): Promise<GroupMembership> {
  const user = userName();
  const [name = String(group), , id = ""] = (await output("getent", ["group", String(group)])).split(":");
  const gid = Number(id || Number.NaN);
  const listed = (await output("id", ["-G", user])).split(/\s+/).map(Number);
  const own = [process.getegid?.() ?? -1, ...(process.getgroups?.() ?? [])];
  return { group: name || String(group), user, listed: listed.includes(gid), effective: own.includes(gid) };
}

/** What makes a user a member of groups who is only listed in them, or not even that. */
export function joinGroups(...memberships: readonly [GroupMembership, ...GroupMembership[]]): {
  message: string;
  advice: string;
} {
  const [{ user, group }] = memberships;
  const missing = memberships.filter(({ listed }) => !listed).map((each) => each.group);
  const login = `log out and in again (or, for one shell: newgrp ${group})`;
  if (missing.length === 0) {
    const advice = `L${login.slice(1)}`;
    return { message: `${user} is in the group ${group}, but this login is older than that`, advice };
  }
  return {
    message: `${user} is not in the ${missing.length === 1 ? "group" : "groups"} ${missing.join(" and ")}`,
    advice: `sudo usermod -aG ${missing.join(",")} ${user}, then ${login}`,
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // Not every number is in the user database.
    return String(process.geteuid?.() ?? 0);
  }
}

/** What a program prints; nothing where it fails, as getent does for what it does not find. */
async function output(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args).catch(() => ({ stdout: "" }));
  return stdout.trim();
}
