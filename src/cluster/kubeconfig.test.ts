import { mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkKubeconfig, contextState, removeContext, writeContext } from "./kubeconfig.ts";

const existing = `# my clusters
apiVersion: v1
kind: Config
clusters:
  - name: work # do not touch
    cluster: { server: "https://work:6443" }
contexts:
  - { name: work, context: { cluster: work, user: me } }
current-context: work
users:
  - name: me
    user: { token: "0123" }
preferences: {}
`;

const entry = {
  name: "mini",
  server: "https://192.168.39.2:8443",
  credentials: { embed: false as const, ca: "/pki/ca.crt", certificate: "/pki/admin.crt", key: "/pki/admin.key" },
};

describe("kubeconfig", () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mini-kubeconfig-"));
    path = join(folder, "config");
    vi.stubEnv("KUBECONFIG", path);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  it("is made when there is none, readable by its owner only", async () => {
    await writeContext(entry, { current: true });
    expect(await readFile(path, "utf8")).toMatchInlineSnapshot(`
      "apiVersion: v1
      kind: Config
      clusters:
        - name: mini
          cluster:
            certificate-authority: /pki/ca.crt
            server: https://192.168.39.2:8443
      contexts:
        - name: mini
          context:
            cluster: mini
            namespace: default
            user: mini
      users:
        - name: mini
          user:
            client-certificate: /pki/admin.crt
            client-key: /pki/admin.key
      current-context: mini
      "
    `);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await contextState("mini", entry.server)).toBe("Configured");
    expect(await contextState("mini", "https://192.168.39.2:9999")).toBe("Misconfigured");
  });

  it("keeps comments and other entries, and is as before once removed", async () => {
    await writeFile(path, existing);
    await writeContext(entry, { current: false });
    await writeContext({ ...entry, server: "https://192.168.39.2:8444" }, { current: false });
    const text = await readFile(path, "utf8");
    expect(text).toContain("# my clusters");
    expect(text).toContain("name: work # do not touch");
    expect(text).toContain("current-context: work");
    expect(text.match(/name: mini/g)).toHaveLength(3);
    expect(text).toContain("https://192.168.39.2:8444");
    await removeContext("mini");
    expect(await readFile(path, "utf8")).toBe(existing);
  });

  it("is not written where it says all that already", async () => {
    await writeContext(entry, { current: true });
    const before = await stat(path);
    await writeContext(entry, { current: true });
    expect((await stat(path)).ino).toBe(before.ino);
    await writeContext({ ...entry, server: "https://192.168.39.2:9443" }, { current: true });
    expect(await readFile(path, "utf8")).toContain(":9443");
  });

  it("changes the file of the list that has the context, through a symbolic link too", async () => {
    const second = join(folder, "second");
    const link = join(folder, "link");
    await writeFile(path, existing);
    await writeContext(entry, { current: false });
    await writeFile(second, "");
    await symlink(path, link);
    vi.stubEnv("KUBECONFIG", `${second}:${link}`);
    await writeContext({ ...entry, server: "https://new" }, { current: true });
    expect(await readFile(second, "utf8")).toBe("");
    expect(await readFile(path, "utf8")).toContain("https://new");
    await removeContext("mini");
    expect(await readFile(path, "utf8")).not.toContain("mini");
  });

  it.each([
    ["a: [", /cannot be used/],
    ["- a list", /not a mapping/],
    ["clusters: {}\n", /clusters is not a list/],
  ])("refuses %j and leaves it alone", async (text, message) => {
    await writeFile(path, text);
    const failure = { id: "HOST_KUBECONFIG_UPDATE", exitCode: 38 };
    await expect(checkKubeconfig("mini")).rejects.toMatchObject(failure);
    await expect(writeContext(entry, { current: true })).rejects.toThrow(message);
    expect(await readFile(path, "utf8")).toBe(text);
  });

  it("is refused before anything is made while its lock is held, and the lock of a program that was killed is told of", async () => {
    await writeFile(`${path}.lock`, "");
    const failure = await checkKubeconfig("mini", 0).catch((error: unknown) => error);
    expect(failure).toMatchObject({ id: "HOST_KUBECONFIG_UPDATE", exitCode: 38 });
    expect(failure).toMatchObject({ advice: expect.stringContaining(`rm ${path}.lock`) });
    await rm(`${path}.lock`);
    await checkKubeconfig("mini", 0);
    await expect(stat(`${path}.lock`)).rejects.toThrow("ENOENT");
  });

  it("is checked without making its folder", async () => {
    vi.stubEnv("KUBECONFIG", join(folder, "new", "config"));
    await checkKubeconfig("mini", 0);
    await expect(stat(join(folder, "new"))).rejects.toThrow("ENOENT");
  });
});
