/**
 * Root opens no folder of somebody else's for QEMU, except on the way to a MINI_HOME of root's own. Needs root, to own
 * folders as somebody else; what ordinary users see is in src/drivers/libvirt/folder-access.test.ts.
 */
import { chown, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closeFolders, openFolders } from "../../src/drivers/libvirt/folder-access.ts";
import { accessListAttribute, mayEnter } from "../../src/lib/access-list.ts";
import { loadNative } from "../../src/libvirt/ffi.ts";
import type { Connection } from "../../src/libvirt/index.ts";

/** A number that no user of the machine has. */
const qemu = { uid: 64_999, gids: [64_999] };
const baselabel = `<baselabel type='qemu'>+${qemu.uid}:+${qemu.uid}</baselabel>`;
const capabilities = `<secmodel><model>dac</model><doi>0</doi>${baselabel}</secmodel>`;

let native: Awaited<ReturnType<typeof loadNative>>;
let connection: Connection;
let base: string;
let home: string;
let folder: string;

async function mayQemuEnter(path: string): Promise<boolean> {
  const { uid, gid, mode } = await stat(path);
  return mayEnter({ uid, gid, mode, list: native.attribute(path, accessListAttribute) }, qemu);
}

describe.skipIf(process.getuid?.() !== 0)("folders on the way to a machine's files", () => {
  beforeEach(async () => {
    native = await loadNative();
    connection = { native, handle: 1, text: async () => capabilities } as unknown as Connection;
    base = await mkdtemp(join(tmpdir(), "mini-folders-"));
    home = join(base, "home");
    folder = join(home, "machines", "one");
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(join(folder, "disk"), "");
  });
  afterEach(() => rm(base, { recursive: true }));

  const open = (): Promise<void> =>
    openFolders(connection, { home, folder }, { type: "qemu", paths: [join(folder, "disk")] });

  it("are refused by name where they are not those of MINI_HOME's owner", async () => {
    await chown(home, 1, 1);
    await expect(open()).rejects.toMatchObject({
      id: "PR_KVM_FOLDER_CLOSED",
      message: expect.stringContaining(`cannot enter ${base}`),
      advice: expect.stringContaining(`sudo setfacl -m u:${qemu.uid}:x ${base}`),
    });
    for (const path of [base, home, folder]) expect(await mayQemuEnter(path), path).toBe(false);
  });

  it("are opened on the way to root's own MINI_HOME, whoever's they are, and closed again", async () => {
    await chown(base, 1, 1);
    await open();
    expect(await mayQemuEnter(base)).toBe(true);
    await closeFolders(connection, { home, folder });
    expect(await mayQemuEnter(base)).toBe(false);
  });
});
