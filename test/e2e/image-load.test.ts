/** `mini image load` of whatever people save images as: loaded, or refused with a sentence that says why. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ArchiveOptions, makeArchive } from "../../src/cluster/archive-for-test.ts";
import { MiniCli, miniPath } from "./mini-cli.ts";

const cli = new MiniCli("img");
const folder = mkdtempSync(join(tmpdir(), "mini-images-"));
const path = join(folder, "image.tar");

async function load(options: ArchiveOptions, change = (bytes: Buffer): Buffer => bytes) {
  const [archive, id] = await makeArchive(options);
  writeFileSync(path, change(archive));
  return { id, ...(await cli.mini(["image", "load", path])) };
}

describe("mini image load", { timeout: 60_000 }, () => {
  beforeAll(() => cli.succeed("start", "--driver=runc", "--wait=apiserver"));
  afterAll(async () => {
    await cli.cleanUp();
    rmSync(folder, { recursive: true });
  });

  it.each([
    ["docker", "plain", (bytes: Buffer) => bytes],
    ["oci", "gzip", (bytes: Buffer) => gzipSync(bytes)],
    ["docker", "zstd", (bytes: Buffer) => zstdCompressSync(bytes)],
    ["oci", "xz", (bytes: Buffer) => execFileSync("xz", ["--stdout"], { input: bytes })],
  ] as const)("takes an archive of the %s layout, %s", async (layout, kind, change) => {
    const name = `docker.io/library/${layout}:${kind}`;
    expect(await load({ layout, name }, change)).toMatchObject({ exitCode: 0, stdout: name });
    expect(await cli.succeed("image", "ls")).toContain(name);
  });

  it.each(["docker", "oci"] as const)(
    "takes one of the %s layout without a name, and the runtime has its id",
    async (layout) => {
      const { exitCode, stdout, id } = await load({ layout });
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: id });
      await expect.poll(() => cli.succeed("ssh", "--", "ctr -n k8s.io images ls -q")).toContain(id);
    },
  );

  it("takes standard input", async () => {
    const [archive] = await makeArchive({ layout: "docker", name: "docker.io/library/piped:1" });
    const options = { input: archive, encoding: "utf8", env: cli.environment() } as const;
    const piped = execFileSync(miniPath, ["image", "load", "-"], options);
    expect(piped).toBe("docker.io/library/piped:1\n");
  });

  it("refuses images for other machines, what is cut off, and what is none", async () => {
    const arm = await load({ layout: "docker", name: "app:1", architecture: "arm64" });
    expect(arm).toMatchObject({
      exitCode: 80,
      stderr: expect.stringContaining("app:1 is for linux/arm64, and the nodes are linux/amd64"),
    });
    const cut = await load({ layout: "oci", name: "app:1" }, (bytes) => bytes.subarray(0, 1600));
    expect(cut).toMatchObject({ exitCode: 80, stderr: expect.stringContaining("it is cut off in blobs/") });
    const none = await load({ layout: "oci" }, () => Buffer.from("hello"));
    expect(none).toMatchObject({ exitCode: 80, stderr: expect.stringContaining("is not an image archive") });
    const directory = await cli.mini(["image", "load", folder]);
    expect(directory).toMatchObject({ exitCode: 15, stderr: expect.stringContaining("is a folder, not a file") });
  });
});
