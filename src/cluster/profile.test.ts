import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { profileFolder } from "./home.ts";
import { planNodes } from "./machine.ts";
import {
  checkProfileName,
  findProfile,
  listProfiles,
  loadProfile,
  lockProfile,
  type Profile,
  removeProfileFolder,
  saveProfile,
} from "./profile.ts";

const profile: Profile = {
  version: 1,
  name: "one",
  driver: "qemu2",
  cpus: 2,
  memoryMiB: 2048,
  diskMiB: 20_000,
  apiServerPort: 8443,
  network: { subnet: "192.168.39.0/24", gateway: "192.168.39.1" },
  extraConfig: {},
  embedCerts: false,
  nodes: planNodes("one", 2, "192.168.39.1"),
  createdAt: "2026-11-23T13:14:00Z",
};

/** The profile with another second node. */
function changedNode(fields: Record<string, unknown>): string {
  const [first, second] = profile.nodes;
  return JSON.stringify({ ...profile, nodes: [first, { ...second, ...fields }] });
}

describe("profiles", () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "mini-home-"));
    vi.stubEnv("MINI_HOME", home);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(home, { recursive: true });
  });

  it("are read as they were written", async () => {
    await saveProfile(profile);
    expect(await loadProfile("one")).toEqual(profile);
    expect(profile.nodes.map((node) => [node.name, node.address])).toEqual([
      ["one", "192.168.39.2"],
      ["one-m02", "192.168.39.3"],
    ]);
    expect(await findProfile("two")).toBeUndefined();
    await expect(loadProfile("two")).rejects.toMatchObject({ id: "GUEST_NOT_FOUND", exitCode: 85 });
  });

  it.each([
    ["{", /not a valid profile/],
    ["[]", /must be an object/],
    [JSON.stringify({ ...profile, version: 2 }), /version must be 1/],
    [JSON.stringify({ ...profile, cpus: "2" }), /cpus must be a positive number/],
    [JSON.stringify({ ...profile, driver: "vbox" }), /driver "vbox" is unknown/],
    [JSON.stringify({ ...profile, nodes: [] }), /nodes must be a list/],
    [JSON.stringify({ ...profile, apiServerPort: 65_536 }), /apiServerPort must be at most 65535/],
    [JSON.stringify({ ...profile, embedCerts: "no" }), /embedCerts must be true or false/],
    [JSON.stringify({ ...profile, network: { subnet: "../x", gateway: "192.168.39.1" } }), /subnet cannot be/],
    [JSON.stringify({ ...profile, network: { subnet: "192.168.39.0/24", gateway: "$(reboot)" } }), /gateway cannot be/],
    [JSON.stringify({ ...profile, extraConfig: { kubelet: { v: 4 } } }), /v must be a text/],
    [JSON.stringify({ ...profile, extraConfig: { kubelet: "v=4" } }), /extraConfig.kubelet must be an object/],
    [JSON.stringify({ ...profile, registries: { mirrors: ["http://a\n[plugins]"], insecure: [] } }), /one line/],
    [JSON.stringify({ ...profile, registries: { mirrors: "http://a" } }), /mirrors must be a list/],
    [JSON.stringify({ ...profile, proxies: { http: 3128, https: "", except: [] } }), /http must be a text/],
    [JSON.stringify({ ...profile, createdAt: "yesterday" }), /createdAt cannot be/],
    [changedNode({ name: "../../x" }), /"..\/..\/x" is not the name of a node/],
    [changedNode({ name: "two-m02" }), /is not the name of a node of "one"/],
    [changedNode({ name: "one" }), /"one" is not the name of a node/],
    [changedNode({ role: "control-plane" }), /role of one-m02 must be worker/],
    [changedNode({ address: "192.168.39.3; reboot" }), /address cannot be/],
    [changedNode({ macAddress: "52:54:00:00:00:00' />" }), /macAddress cannot be/],
    [changedNode({ hostName: "one-m02./../../etc" }), /hostName cannot be/],
    [changedNode({ hostName: "one-m02.." }), /hostName cannot be/],
    [changedNode({ hostName: "two.alice" }), /hostName must be the name/],
  ])("that are corrupt are told, not believed: %s", async (text, message) => {
    await mkdir(join(home, "profiles", "one"), { recursive: true });
    await writeFile(join(home, "profiles", "one", "config.json"), text);
    await expect(loadProfile("one")).rejects.toMatchObject({ id: "HOST_CONFIG_LOAD", exitCode: 38 });
    await expect(loadProfile("one")).rejects.toThrow(message);
    expect(await listProfiles()).toEqual({ valid: [], invalid: ["one"] });
  });

  it("are damaged, and not missing, where all but the file is there", async () => {
    await mkdir(join(profileFolder("half"), "machines"), { recursive: true });
    await expect(findProfile("half")).rejects.toMatchObject({ id: "HOST_CONFIG_LOAD" });
    expect((await listProfiles()).invalid).toEqual(["half"]);
    await removeProfileFolder("half");
    expect(await listProfiles()).toEqual({ valid: [], invalid: [] });
    // A start that was killed before it had a profile.
    await mkdir(profileFolder("early"), { recursive: true });
    await writeFile(join(profileFolder("early"), "config.json.17-1.tmp"), "{");
    expect(await findProfile("early")).toBeUndefined();
  });

  it("are changed by one command at a time, and a lock of a process that is gone does not count", async () => {
    const lock = await lockProfile("one");
    await expect(lockProfile("one")).rejects.toMatchObject({ id: "MK_PROFILE_BUSY", exitCode: 11 });
    await lock[Symbol.asyncDispose]();
    await writeFile(lock.path, "999999 12345");
    await using _again = await lockProfile("one");
  });

  it.each(["", "-a", "a-", "A", "a_b", "a.b", "../x", "a".repeat(41)])("cannot be named %j", (name) => {
    expect(() => checkProfileName(name)).toThrow(/profile name/);
  });
});
