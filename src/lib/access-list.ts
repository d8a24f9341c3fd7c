/**
 * POSIX access lists of folders, as the kernel keeps them in the attribute `system.posix_acl_access` (acl(5)): whether a
 * user may enter a folder, and the list with one entry more or less that lets one user enter it and do nothing else.
 */

export const accessListAttribute = "system.posix_acl_access";

/** Tags of entries, in the order in which a list has them. */
const tags = { owner: 0x01, user: 0x02, groupOwner: 0x04, group: 0x08, mask: 0x10, other: 0x20 } as const;
const version = 2;
const headLength = 4;
const entryLength = 8;
const noId = 0xffff_ffff;
const search = 1;

interface Entry {
  readonly tag: number;
  /** Bits of read (4), write (2), search (1). */
  readonly permissions: number;
  readonly id: number;
}

export interface FolderAccess {
  readonly uid: number;
  readonly gid: number;
  /** Permission bits of its mode. */
  readonly mode: number;
  /** The attribute; undefined where the folder has none, and its mode says everything. */
  readonly list: Buffer | undefined;
}

export interface Identity {
  readonly uid: number;
  /** All its groups. */
  readonly gids: readonly number[];
}

/** Whether the kernel lets somebody into the folder (acl(5), "access check algorithm"); root may enter everything. */
export function mayEnter(folder: FolderAccess, who: Identity): boolean {
  const entries = entriesOf(folder);
  const mask = entries.find(({ tag }) => tag === tags.mask)?.permissions ?? 7;
  const allows = (permissions: number): boolean => (permissions & search) !== 0;
  const find = (tag: number, id?: number): Entry | undefined =>
    entries.find((entry) => entry.tag === tag && (id === undefined || entry.id === id));
  if (who.uid === 0) return true;
  if (who.uid === folder.uid) return allows(find(tags.owner)?.permissions ?? 0);
  const named = find(tags.user, who.uid);
  if (named !== undefined) return allows(named.permissions & mask);
  const groups = entries.filter(
    ({ tag, id }) =>
      (tag === tags.groupOwner && who.gids.includes(folder.gid)) || (tag === tags.group && who.gids.includes(id)),
  );
  if (groups.length > 0) return groups.some(({ permissions }) => allows(permissions & mask));
  return allows(find(tags.other)?.permissions ?? 0);
}

/**
 * The list with an entry that lets `uid` enter. Undefined where nobody else's rights can stay as they are: where the user
 * has an entry already, which says no, or where the mask, which has to allow it, holds others back from entering.
 */
export function withEntry(folder: FolderAccess, uid: number): Buffer | undefined {
  const entries = entriesOf(folder);
  if (entries.some(({ tag, id }) => tag === tags.user && id === uid)) return undefined;
  const limited = entries.filter(({ tag }) => tag === tags.user || tag === tags.groupOwner || tag === tags.group);
  const mask = entries.find(({ tag }) => tag === tags.mask);
  const woken = mask !== undefined && (mask.permissions & search) === 0;
  if (woken && limited.some(({ permissions }) => (permissions & search) !== 0)) return undefined;
  // Without a mask there is nobody but the folder's group to limit.
  const limit = (mask?.permissions ?? limited.reduce((all, { permissions }) => all | permissions, 0)) | search;
  return encode([
    ...entries.filter(({ tag }) => tag !== tags.mask),
    { tag: tags.user, permissions: search, id: uid },
    { tag: tags.mask, permissions: limit, id: noId },
  ]);
}

/**
 * The list without the entry that `withEntry` made; undefined where there is no such, or somebody gave it more. The mode
 * is again what it was where no other entries are left.
 */
export function withoutEntry(folder: FolderAccess, uid: number): Buffer | undefined {
  const entries = entriesOf(folder);
  const kept = entries.filter(({ tag, id, permissions }) => tag !== tags.user || id !== uid || permissions !== search);
  if (kept.length === entries.length) return undefined;
  const named = kept.filter(({ tag }) => tag === tags.user || tag === tags.group);
  return encode(named.length > 0 ? kept : kept.filter(({ tag }) => tag !== tags.mask));
}

function entriesOf({ list, mode }: FolderAccess): Entry[] {
  if (list !== undefined && list.length >= headLength && list.readUInt32LE(0) === version) return decode(list);
  return [
    { tag: tags.owner, permissions: (mode >> 6) & 7, id: noId },
    { tag: tags.groupOwner, permissions: (mode >> 3) & 7, id: noId },
    { tag: tags.other, permissions: mode & 7, id: noId },
  ];
}

function decode(list: Buffer): Entry[] {
  const entries: Entry[] = [];
  for (let at = headLength; at + entryLength <= list.length; at += entryLength) {
    entries.push({ tag: list.readUInt16LE(at), permissions: list.readUInt16LE(at + 2), id: list.readUInt32LE(at + 4) });
  }
  return entries;
}

/** The kernel wants entries in the order of their tags, those of one tag in the order of their ids. */
function encode(entries: readonly Entry[]): Buffer {
  const list = Buffer.alloc(headLength + entries.length * entryLength);
  list.writeUInt32LE(version, 0);
  const ordered = [...entries].sort((left, right) => left.tag - right.tag || left.id - right.id);
  for (const [index, { tag, permissions, id }] of ordered.entries()) {
    const at = headLength + index * entryLength;
    list.writeUInt16LE(tag, at);
    list.writeUInt16LE(permissions, at + 2);
    list.writeUInt32LE(id, at + 4);
  }
  return list;
}
