import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readFileIfPresent } from "../lib/atomic-file.ts";
import { profileFolder } from "./home.ts";
import { ensureSshKeys } from "./ssh-keys.ts";

const { generateKeyPairSync, parseKey } = ssh2.utils;

/** What ssh2 makes of one key in 256: its first byte was zero, and is missing. */
function unreadablePair(): ReturnType<typeof generateKeyPairSync> {
  for (let attempt = 0; attempt < 20_000; attempt++) {
    const pair = generateKeyPairSync("ed25519");
    if (parseKey(pair.public) instanceof Error) return pair;
  }
  throw new Error("ssh2 has been mended: ssh-keys.ts needs no second attempt any more");
}

describe("the SSH keys of a profile", () => {
  let home: string;
  const inFolder = (name: string): string => join(profileFolder("minimum"), "ssh", name);
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "mini-keys-"));
    vi.stubEnv("MINI_HOME", home);
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    await rm(home, { recursive: true });
  });

  it("are made once", async () => {
    const keys = await ensureSshKeys("minimum");
    expect(await ensureSshKeys("minimum")).toEqual(keys);
    expect(await readFileIfPresent(inFolder("id_ed25519"))).toBe(keys.identity);
    expect(keys.authorizedKey).toMatch(/^ssh-ed25519 \S+ mini-minimum\n$/);
  });

  it("are readable even when the library writes a pair that is not", async () => {
    vi.spyOn(ssh2.utils, "generateKeyPairSync").mockReturnValueOnce(unreadablePair());
    const { identity, authorizedKey } = await ensureSshKeys("minimum");
    expect(parseKey(identity)).not.toBeInstanceOf(Error);
    expect(parseKey(authorizedKey)).not.toBeInstanceOf(Error);
  });

  it("are made again where an unreadable pair was kept", async () => {
    const { identity } = await ensureSshKeys("minimum");
    const unreadable = unreadablePair();
    await writeFile(inFolder("ssh_host_ed25519_key"), unreadable.private);
    await writeFile(inFolder("ssh_host_ed25519_key.pub"), unreadable.public);
    const keys = await ensureSshKeys("minimum");
    expect(keys.identity).toBe(identity);
    expect(parseKey(keys.hostPublicKey)).not.toBeInstanceOf(Error);
    expect(await readFileIfPresent(inFolder("ssh_host_ed25519_key"))).toBe(keys.hostKey);
  });
});
