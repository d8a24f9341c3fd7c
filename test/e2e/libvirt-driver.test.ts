/**
 * The driver suite on this machine's libvirt, emulated. As root; and, where MINI_TEST_USER names somebody, as that person,
 * whom workshop.test.ts makes: then the whole process becomes that person.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import type { MachineSpec } from "../../src/drivers/driver.ts";
import { createLibvirtDriver } from "../../src/drivers/libvirt/index.ts";
import { becomeUser, findInvokingUser } from "../../src/lib/invoking-user.ts";
import { describeDriver } from "./driver-suite.ts";

const built = join(import.meta.dirname, "../../.cache/image");
const possible = process.getuid?.() === 0 && existsSync(join(built, "root.squashfs")) && canConnect();
const person = process.env["MINI_TEST_USER"];

function canConnect(): boolean {
  try {
    execFileSync("virsh", ["-c", "qemu:///system", "version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Domains and networks of the machine's name, and rights that were given on the way to it. */
async function leftovers({ name, home }: MachineSpec): Promise<readonly string[]> {
  const names = [["list"], ["net-list"]].flatMap((words) =>
    execFileSync("virsh", ["-c", "qemu:///system", ...words, "--all", "--name"], { encoding: "utf8" }).split("\n"),
  );
  const mode = statSync(home).mode & 0o777;
  return [...names.filter((each) => each.includes(name)), ...(mode === 0o700 ? [] : [`${home} has mode ${mode}`])];
}

if (possible) {
  const folder = mkdtempSync(join(tmpdir(), "mini-image-"));
  const image = {
    kernel: join(folder, "vmlinuz"),
    initrd: join(folder, "initrd"),
    root: join(folder, "root.squashfs"),
  };
  const driver = createLibvirtDriver({ name: "qemu2" });

  beforeAll(async () => {
    // The checkout may lie where that person cannot come to.
    for (const path of Object.values(image)) cpSync(join(built, path.slice(folder.length)), path);
    if (person === undefined) return;
    execFileSync("chown", ["--recursive", person, folder]);
    // Loads what is loaded at first use while it can be read.
    await driver.limitCpus?.(1);
    const [uid, gid] = ["-u", "-g"].map((flag) => execFileSync("id", [flag, person], { encoding: "utf8" }).trim());
    const user = findInvokingUser({ SUDO_UID: uid, SUDO_GID: gid, SUDO_USER: person });
    if (user === undefined) throw new Error(`there is no user ${person}`);
    becomeUser(user);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describeDriver(`qemu2 as ${person ?? "root"}`, { driver, image, boots: true, bootMs: 240_000, leftovers });
} else {
  describe.skip("driver qemu2 (needs root, libvirt and a built image)", () => undefined);
}
