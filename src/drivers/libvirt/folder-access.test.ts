import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { accessListAttribute, mayEnter } from "../../lib/access-list.ts";
import { loadNative, type Native } from "../../libvirt/ffi.ts";
import type { Connection } from "../../libvirt/index.ts";
import { closedFolders, closeFolders, openFolders } from "./folder-access.ts";

/** A number that no user of the machine has. */
const qemu = { uid: 64_999, gids: [64_999] };
const somebody = { uid: 64_998, gids: [64_998] };
const native = await loadNative().catch(() => undefined);

describe.runIf(native !== undefined)("folders on the way to a machine's files", () => {
  let base: string;
  let home: string;
  let connection: Connection;
  const machineOf = (name: string) => ({ home, folder: join(home, "machines", name) });
  const open = (name: string, ...paths: string[]): Promise<void> =>
    openFolders(connection, machineOf(name), { type: "qemu", paths });
  const enters = async (path: string, who = qemu): Promise<boolean> => {
    const { uid, gid, mode } = await stat(path);
    return mayEnter({ uid, gid, mode, list: (native as Native).attribute(path, accessListAttribute) }, who);
  };
  const modes = async (): Promise<number[]> =>
    Promise.all([base, home, join(home, "machines")].map(async (path) => (await stat(path)).mode & 0o777));

  beforeEach(async () => {
    const capabilities = `<secmodel><model>dac</model><doi>0</doi><baselabel type='qemu'>+${qemu.uid}:+${qemu.uid}</baselabel></secmodel>`;
    connection = { native, handle: 1, text: async () => capabilities } as unknown as Connection;
    base = await mkdtemp(join(tmpdir(), "mini-folders-"));
    home = join(base, "home");
    for (const name of ["one", "two"]) {
      await mkdir(machineOf(name).folder, { recursive: true, mode: 0o700 });
      await writeFile(join(machineOf(name).folder, "disk"), "");
    }
    // Whatever the umask of whoever runs this.
    for (const path of [home, join(home, "machines")]) await chmod(path, 0o750);
  });
  afterEach(() => rm(base, { recursive: true }));

  it("are opened for QEMU alone, and closed again by the last machine that needs them", async () => {
    const before = await modes();
    await open("one", join(machineOf("one").folder, "disk"));
    for (const path of [base, home, join(home, "machines"), machineOf("one").folder]) {
      expect(await enters(path), path).toBe(true);
      expect(await enters(path, somebody), path).toBe(false);
    }
    expect(await enters(machineOf("two").folder)).toBe(false);
    await open("two", join(machineOf("two").folder, "disk"));
    await closeFolders(connection, machineOf("one"));
    expect(await enters(home)).toBe(true);
    expect(await enters(machineOf("one").folder)).toBe(false);
    await closeFolders(connection, machineOf("two"));
    expect(await enters(home)).toBe(false);
    expect(await modes()).toEqual(before);
    expect(JSON.parse(await readFile(join(home, "opened-folders.json"), "utf8"))).toEqual({});
  });

  it("stay as they are where they were open before", async () => {
    await chmod(home, 0o711);
    await open("one", join(machineOf("one").folder, "disk"));
    const notes = JSON.parse(await readFile(join(home, "opened-folders.json"), "utf8"));
    expect(Object.keys(notes)).not.toContain(home);
    await closeFolders(connection, machineOf("one"));
    expect((await stat(home)).mode & 0o777).toBe(0o711);
  });

  it("do not stay open for a machine whose folder was removed by hand", async () => {
    await open("one", join(machineOf("one").folder, "disk"));
    await open("two", join(machineOf("two").folder, "disk"));
    await rm(machineOf("two").folder, { recursive: true });
    await closeFolders(connection, machineOf("one"));
    expect(await enters(home)).toBe(false);
  });

  it("are those that links lead through, too", async () => {
    const elsewhere = join(base, "elsewhere");
    await mkdir(join(elsewhere, "deep"), { recursive: true, mode: 0o700 });
    await writeFile(join(elsewhere, "deep", "disk"), "");
    await symlink(join(elsewhere, "deep"), join(home, "link"));
    const found = await closedFolders(connection, [join(home, "link", "disk")], qemu);
    expect(found.map(({ path }) => path)).toEqual([base, home, elsewhere, join(elsewhere, "deep")]);
  });
});
