import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SnapshotService } from "../cri/snapshot-service.ts";
import { createImageMounts, imageSubPath } from "./image-mounts.ts";
import { shortenLayers } from "./mount-commands.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "image-mounts-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("imageSubPath", () => {
  beforeAll(async () => {
    await mkdir(join(folder, "image/etc/ssl"), { recursive: true });
    await writeFile(join(folder, "image/etc/passwd"), "");
    await symlink("etc", join(folder, "image/config"));
    await symlink("/etc", join(folder, "image/absolute"));
    await symlink("../..", join(folder, "image/up"));
  });

  it("finds folders, through links within the image too", async () => {
    const root = join(folder, "image");
    expect(await imageSubPath(root, "etc/ssl")).toBe(join(root, "etc/ssl"));
    expect(await imageSubPath(root, "config/ssl")).toBe(join(root, "etc/ssl"));
  });

  it.each([
    ["missing", "no such file or directory"],
    ["etc/passwd", "only directory subpath is supported"],
    ["absolute", "path escapes from parent"],
    ["up", "path escapes from parent"],
  ])("refuses %s", (subPath, why) => expect(imageSubPath(join(folder, "image"), subPath)).rejects.toThrow(why));
});

describe("image mounts", () => {
  it("release what the folders say, whoever mounted it", async () => {
    const removed: string[] = [];
    const snapshots: SnapshotService = {
      view: () => Promise.reject(new Error("nothing is mounted here")),
      remove: async (name) => void removed.push(name),
    };
    const images = { chainId: () => Promise.resolve("sha256:chain") };
    const mounts = createImageMounts({ images, snapshots, root: folder });
    await mkdir(join(folder, "pods/uid-1/volumes/kubernetes.io~image/data/aa11"), { recursive: true });
    await mkdir(join(folder, "pods/uid-2/volumes/plain"), { recursive: true });
    expect(await mounts.mounted()).toEqual(new Set(["sha256:aa11"]));
    await mounts.release("uid-1");
    await mounts.release("uid-2");
    await mounts.release("never-here");
    expect(removed).toEqual(["image-volume/uid-1/data/aa11"]);
  });
});

describe("shortenLayers", () => {
  it("names layers from the folder they share", () => {
    const options = ["index=off", "lowerdir=/data/snapshots/12/fs:/data/snapshots/3/fs"];
    expect(shortenLayers(options)).toEqual({ cwd: "/data/snapshots", options: ["index=off", "lowerdir=12/fs:3/fs"] });
  });

  it("leaves what shares nothing, and what has no layers", () => {
    const apart = ["lowerdir=/a/fs:/b/fs"];
    expect(shortenLayers(apart)).toEqual({ cwd: "/", options: apart });
    expect(shortenLayers(["ro"])).toEqual({ cwd: "/", options: ["ro"] });
  });
});
