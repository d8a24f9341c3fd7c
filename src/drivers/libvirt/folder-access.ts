/**
 * How QEMU, which libvirt runs as a user of its own, gets to files below a private home: an entry in the access list of
 * just those folders above them that would stop it, with which it may pass through and not look around. MINI_HOME keeps
 * a note of each folder that was opened and for which machines; the last one's removal takes the entry back.
 */
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { type FileHandle, lstat, open, readlink, realpath, stat } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { promisify } from "node:util";
import {
  accessListAttribute,
  type FolderAccess,
  type Identity,
  mayEnter,
  withEntry,
  withoutEntry,
} from "../../lib/access-list.ts";
import { readFileIfPresent, writeFileAtomically } from "../../lib/atomic-file.ts";
import { waitForLock } from "../../lib/lock-file.ts";
import { type Connection, hypervisorUser } from "../../libvirt/index.ts";
import type { MachineSpec } from "../driver.ts";
import { DriverError } from "../driver-error.ts";

const lockTimeoutMs = 30_000;

/** A folder that was opened: for which user, by number, and for machines in which folders. */
interface Note {
  readonly user: number;
  readonly machines: readonly string[];
}

type Notes = Readonly<Record<string, Note>>;

export interface ClosedFolder {
  readonly path: string;
  /** Its owner. */
  readonly uid: number;
}

/** Who QEMU is; undefined where it is who the daemon is, which is root. */
export async function hypervisorIdentity(connection: Connection, type: "kvm" | "qemu"): Promise<Identity | undefined> {
  const user = await hypervisorUser(connection, type);
  if (user === undefined || user.uid === 0) return undefined;
  // Of a user whom the user database does not know there is only the group that libvirt names.
  const { stdout } = await promisify(execFile)("id", ["-G", String(user.uid)]).catch(() => ({ stdout: "" }));
  return { uid: user.uid, gids: [user.gid, ...stdout.trim().split(" ").filter(Boolean).map(Number)] };
}

/** Folders on the way to `paths`, of those that exist, that somebody cannot enter. */
export async function closedFolders(
  connection: Connection,
  paths: readonly string[],
  who: Identity,
): Promise<ClosedFolder[]> {
  const closed: ClosedFolder[] = [];
  for (const path of await foldersOnTheWay(paths)) {
    const access = await folderAccess(connection, path);
    if (!mayEnter(access, who)) closed.push({ path, uid: access.uid });
  }
  return closed;
}

/** Whether it is for MINI_HOME's owner to open a folder of `uid`'s; root may open everything. */
export function mayOpen(uid: number, owner: number): boolean {
  return owner === 0 || uid === owner;
}

/**
 * Lets QEMU come to the files `paths` of a machine. Throws PR_KVM_FOLDER_CLOSED where a folder is not of MINI_HOME's
 * owner, PR_KVM_ACCESS_LISTS where it cannot have an access list.
 */
export async function openFolders(
  connection: Connection,
  machine: Pick<MachineSpec, "home" | "folder">,
  { type, paths }: { type: "kvm" | "qemu"; paths: readonly string[] },
): Promise<void> {
  const who = await hypervisorIdentity(connection, type);
  if (who === undefined) return;
  await using _lock = await waitForLock(lockPath(machine.home), lockTimeoutMs);
  const closed = await closedFolders(connection, paths, who);
  const { uid: owner } = await stat(machine.home);
  for (const folder of closed) if (!mayOpen(folder.uid, owner)) throw await folderIsClosed(folder.path, who);
  const notes = { ...(await readNotes(machine.home)) };
  for (const path of await foldersOnTheWay(paths)) {
    const note = notes[path];
    if (note === undefined && !closed.some((folder) => folder.path === path)) continue;
    notes[path] = { user: who.uid, machines: [...new Set([...(note?.machines ?? []), machine.folder])] };
  }
  // Noted first: an entry without a note would stay for ever.
  await writeNotes(machine.home, notes);
  for (const { path } of closed) await openFolder(connection, path, { who, owner });
}

/** Takes back what was opened for this machine alone. */
export async function closeFolders(
  connection: Connection,
  machine: Pick<MachineSpec, "home" | "folder">,
): Promise<void> {
  if (Object.keys(await readNotes(machine.home)).length === 0) return;
  await using _lock = await waitForLock(lockPath(machine.home), lockTimeoutMs);
  const kept: Record<string, Note> = {};
  for (const [path, { user, machines }] of Object.entries(await readNotes(machine.home))) {
    const others = await present(machines.filter((each) => each !== machine.folder));
    if (others.length > 0) kept[path] = { user, machines: others };
    else await closeFolder(connection, path, user);
  }
  await writeNotes(machine.home, kept);
}

async function openFolder(
  connection: Connection,
  path: string,
  { who, owner }: { who: Identity; owner: number },
): Promise<void> {
  await using folder = await openOwnFolder(path, owner);
  if (folder === undefined) throw await folderIsClosed(path, who);
  const access = await folderAccess(connection, descriptorPath(folder));
  if (mayEnter(access, who)) return;
  const list = withEntry(access, who.uid);
  if (list === undefined) throw await folderIsClosed(path, who);
  if (connection.native.setAttribute(descriptorPath(folder), accessListAttribute, list)) return;
  const message = `${path} cannot be opened for QEMU: its file system keeps no access lists, or cannot be written`;
  throw new DriverError("PR_KVM_ACCESS_LISTS", message);
}

/** What is gone, or went to somebody else since, is left alone. */
async function closeFolder(connection: Connection, path: string, user: number): Promise<void> {
  const owner = await stat(path).catch(() => undefined);
  if (owner === undefined) return;
  await using folder = await openOwnFolder(path, owner.uid).catch(() => undefined);
  if (folder === undefined) return;
  const list = withoutEntry(await folderAccess(connection, descriptorPath(folder)), user);
  if (list !== undefined) connection.native.setAttribute(descriptorPath(folder), accessListAttribute, list);
}

/** Held open, so that what was looked at is what is changed; undefined where it belongs to somebody else. */
async function openOwnFolder(path: string, owner: number): Promise<FileHandle | undefined> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  if (mayOpen((await folder.stat()).uid, owner)) return folder;
  await folder.close();
  return undefined;
}

function descriptorPath(folder: FileHandle): string {
  return `/proc/self/fd/${folder.fd}`;
}

async function folderIsClosed(path: string, who: Identity): Promise<DriverError> {
  const { message, advice } = await explainClosed(path, who);
  return new DriverError("PR_KVM_FOLDER_CLOSED", message, { advice });
}

/** What is said of a folder that QEMU cannot enter and that is not ours to open. */
export async function explainClosed(path: string, who: Identity): Promise<{ message: string; advice: string }> {
  const { stdout } = await promisify(execFile)("id", ["-un", String(who.uid)]).catch(() => ({ stdout: "" }));
  const user = stdout.trim() || String(who.uid);
  return {
    message: `QEMU, which libvirt runs as ${user}, cannot enter ${path}, and MINI_HOME's owner cannot let it in`,
    advice: `sudo setfacl -m u:${user}:x ${path} (package acl), or set MINI_HOME to a folder that all may come to`,
  };
}

/** Every folder that is passed through on the way to `paths`, links followed; the paths themselves may be folders. */
async function foldersOnTheWay(paths: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const path of paths) await follow(path, found);
  return [...found];
}

async function follow(path: string, found: Set<string>): Promise<void> {
  let current: string = sep;
  for (const name of path.split(sep).filter(Boolean)) {
    found.add(current);
    const next = join(current, name);
    const kind = await lstat(next).catch(() => undefined);
    if (kind === undefined) return;
    if (kind.isSymbolicLink()) {
      await follow(resolve(dirname(next), await readlink(next)), found);
      current = await realpath(next).catch(() => next);
    } else {
      current = next;
    }
  }
  if ((await stat(current).catch(() => undefined))?.isDirectory() === true) found.add(current);
}

async function folderAccess(connection: Connection, path: string): Promise<FolderAccess> {
  const { uid, gid, mode } = await stat(path);
  return { uid, gid, mode, list: connection.native.attribute(path, accessListAttribute) };
}

async function present(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return paths.filter((_, index) => found[index] !== undefined);
}

/** None where there is no such file; one that cannot be read is not worth a cluster. */
async function readNotes(home: string): Promise<Notes> {
  const text = await readFileIfPresent(notesPath(home));
  if (text === undefined) return {};
  try {
    const notes = Object.entries(JSON.parse(text) as Record<string, Partial<Note> | null>);
    return Object.fromEntries(notes.flatMap(([path, note]) => (isNote(note) ? [[path, note]] : [])));
  } catch {
    return {};
  }
}

function isNote(note: Partial<Note> | null): note is Note {
  return typeof note?.user === "number" && Array.isArray(note.machines);
}

async function writeNotes(home: string, notes: Notes): Promise<void> {
  const before = (await readFileIfPresent(notesPath(home))) ?? "{}\n";
  const after = `${JSON.stringify(notes, null, 2)}\n`;
  if (before !== after) await writeFileAtomically(notesPath(home), after);
}

function notesPath(home: string): string {
  return join(home, "opened-folders.json");
}

function lockPath(home: string): string {
  return join(home, "locks", "opened-folders");
}
