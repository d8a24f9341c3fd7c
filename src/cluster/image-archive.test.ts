import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { makeArchive, tarOf } from "./archive-for-test.ts";
import { inspectArchive } from "./image-archive.ts";

const folder = mkdtempSync(join(tmpdir(), "mini-archive-"));
afterAll(() => rmSync(folder, { recursive: true }));

const xz = (bytes: Buffer): Buffer => execFileSync("xz", ["--stdout"], { input: bytes });

function inspect(bytes: Buffer) {
  const path = join(folder, "archive");
  writeFileSync(path, bytes);
  return inspectArchive(path, "app.tar");
}

describe("an image archive", () => {
  it.each(["docker", "oci"] as const)("of the %s layout tells names, id and platform", async (layout) => {
    const [archive, id] = await makeArchive({ layout, name: "docker.io/library/app:1" });
    const images = [{ names: ["docker.io/library/app:1"], id, platform: "linux/amd64" }];
    expect(await inspect(archive)).toEqual({ compression: "none", images });
  });

  it.each(["docker", "oci"] as const)(
    "of the %s layout may have no name, and be for other machines",
    async (layout) => {
      const [archive, id] = await makeArchive({ layout, architecture: "arm64" });
      expect((await inspect(archive)).images).toEqual([{ names: [], id, platform: "linux/arm64" }]);
    },
  );

  it.each([
    ["gzip", gzipSync],
    ["zstd", zstdCompressSync],
    ["xz", xz],
  ] as const)("may be compressed with %s, and is noticed where that is cut off", async (compression, compress) => {
    const [archive, id] = await makeArchive({ layout: "docker", name: "app:1" });
    const compressed = compress(archive);
    expect(await inspect(compressed)).toMatchObject({ compression, images: [{ names: ["app:1"], id }] });
    const cut = inspect(compressed.subarray(0, compressed.length - 20));
    await expect(cut).rejects.toMatchObject({ id: "GUEST_IMAGE_LOAD" });
    await expect(cut).rejects.toThrow("app.tar cannot be read to its end: ");
  });

  it("that is cut off says where", async () => {
    const [archive] = await makeArchive({ layout: "oci", name: "app:1" });
    await expect(inspect(archive.subarray(0, 1600))).rejects.toThrow(
      /it is cut off in blobs\/sha256\/\w+, where \d+ bytes/,
    );
    await expect(inspect(archive.subarray(0, 520))).rejects.toThrow("it is cut off in oci-layout, where");
  });

  it.each([
    ["nothing", Buffer.alloc(0), "is not an image archive"],
    ["a word", Buffer.from("hello"), "is not an image archive"],
    ["a text", Buffer.from("hello ".repeat(500)), "is not an image archive"],
    ["a compressed text", gzipSync("hello ".repeat(500)), "is not an image archive"],
    ["another tar", tarOf({ "etc/motd": Buffer.from("hello") }), "holds no image"],
    ["a tar with a broken manifest", tarOf({ "manifest.json": Buffer.from("[{") }), "holds no image"],
    ["a tar with an index of nothing", tarOf({ "index.json": Buffer.from("{}") }), "holds no image"],
  ])("is not %s", async (_what, bytes, message) => {
    await expect(inspect(await bytes)).rejects.toMatchObject({
      id: "GUEST_IMAGE_LOAD",
      message: expect.stringContaining(message),
    });
  });
});
