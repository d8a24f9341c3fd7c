import { describe, expect, it } from "vitest";
import { type FolderAccess, mayEnter, withEntry, withoutEntry } from "./access-list.ts";

const qemu = { uid: 64_055, gids: [64_055, 107] };
const somebody = { uid: 1001, gids: [1001] };

/** Entries as setfacl writes them, numbers for names. */
const list = (...entries: string[]): Buffer => {
  const tags: Record<string, number> = { user: 1, group: 4, mask: 16, other: 32 };
  const items = entries.map((entry) => {
    const [kind = "", id = "", permissions = ""] = entry.split(":");
    const bits = [..."rwx"].reduce((sum, letter, index) => sum | (permissions[index] === letter ? 4 >> index : 0), 0);
    const item = Buffer.alloc(8);
    item.writeUInt16LE((tags[kind] ?? 0) * (id === "" ? 1 : 2), 0);
    item.writeUInt16LE(bits, 2);
    item.writeUInt32LE(id === "" ? 0xffff_ffff : Number(id), 4);
    return item;
  });
  return Buffer.concat([Buffer.from([2, 0, 0, 0]), ...items]);
};
const folder = (mode: number, entries?: Buffer): FolderAccess => ({ uid: 1000, gid: 100, mode, list: entries });

describe("who may enter a folder", () => {
  it.each([
    { mode: 0o755, enters: true },
    { mode: 0o711, enters: true },
    { mode: 0o750, enters: false },
    { mode: 0o700, enters: false },
  ])("of mode $mode: others $enters", ({ mode, enters }) => {
    expect(mayEnter(folder(mode), qemu)).toBe(enters);
  });

  it("goes by the first class that fits: owner, named user, groups, others", () => {
    expect(mayEnter(folder(0o677), { uid: 1000, gids: [] })).toBe(false);
    expect(mayEnter(folder(0o767), { ...qemu, gids: [100] })).toBe(false);
    expect(mayEnter(folder(0o710), { ...qemu, gids: [100] })).toBe(true);
    expect(mayEnter(folder(0), { uid: 0, gids: [] })).toBe(true);
    const denied = list("user::rwx", "user:64055:r--", "group::r-x", "mask::r-x", "other::r-x");
    expect(mayEnter(folder(0o755, denied), qemu)).toBe(false);
    const throughGroup = list("user::rwx", "group::---", "group:107:--x", "mask::r-x", "other::---");
    expect(mayEnter(folder(0o750, throughGroup), qemu)).toBe(true);
    const masked = list("user::rwx", "user:64055:r-x", "group::r--", "mask::r--", "other::---");
    expect(mayEnter(folder(0o740, masked), qemu)).toBe(false);
  });
});

describe("an entry for one user", () => {
  it("lets that user in, nobody else, and goes without a trace", () => {
    for (const mode of [0o700, 0o750, 0o770]) {
      const opened = withEntry(folder(mode), qemu.uid);
      expect(mayEnter(folder(mode, opened), qemu)).toBe(true);
      expect(mayEnter(folder(mode, opened), somebody)).toBe(false);
      const bits = (shift: number): string =>
        [..."rwx"].map((letter, index) => ((mode >> shift) & (4 >> index) ? letter : "-")).join("");
      const before = list(`user::${bits(6)}`, `group::${bits(3)}`, `other::${bits(0)}`);
      expect(withoutEntry(folder(mode, opened), qemu.uid)).toEqual(before);
    }
  });

  it("is what setfacl would make", () => {
    const expected = list("user::rwx", "user:64055:--x", "group::---", "mask::--x", "other::---");
    expect(withEntry(folder(0o700), qemu.uid)).toEqual(expected);
  });

  it("leaves the entries of others as they are", () => {
    const before = list("user::rwx", "user:1001:r-x", "group::---", "mask::r-x", "other::---");
    const opened = withEntry(folder(0o750, before), qemu.uid);
    expect(opened).toEqual(
      list("user::rwx", "user:1001:r-x", "user:64055:--x", "group::---", "mask::r-x", "other::---"),
    );
    expect(withoutEntry(folder(0o750, opened), qemu.uid)).toEqual(before);
  });

  it("is not made where it would widen what others may, or overrule what somebody decided", () => {
    const masked = list("user::rwx", "user:1001:r-x", "group::---", "mask::r--", "other::---");
    expect(withEntry(folder(0o740, masked), qemu.uid)).toBeUndefined();
    const denied = list("user::rwx", "user:64055:---", "group::---", "mask::r-x", "other::---");
    expect(withEntry(folder(0o750, denied), qemu.uid)).toBeUndefined();
  });

  it("is not taken away where somebody gave more, or there is none", () => {
    const more = list("user::rwx", "user:64055:r-x", "group::---", "mask::r-x", "other::---");
    expect(withoutEntry(folder(0o750, more), qemu.uid)).toBeUndefined();
    expect(withoutEntry(folder(0o700), qemu.uid)).toBeUndefined();
  });
});
