import { createHash } from "node:crypto";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { isWholeFile, noteWholeFile } from "./whole-file.ts";

const content = Buffer.alloc(100_000, "image");
const sha256 = createHash("sha256").update(content).digest("hex");
let folder = "";
let path = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mini-whole-"));
  path = join(folder, "root.squashfs");
});
afterEach(() => rm(folder, { recursive: true }));

it("is whole when its digest says so, and is noticed when it is cut off or changed", async () => {
  expect(await isWholeFile(path, sha256)).toBe(false);
  await writeFile(path, content);
  expect(await isWholeFile(path, sha256)).toBe(true);
  expect(await isWholeFile(path, undefined)).toBe(true);
  await truncate(path, 50_000);
  expect(await isWholeFile(path, sha256)).toBe(false);
  await writeFile(path, Buffer.alloc(100_000, "other"));
  expect(await isWholeFile(path, sha256)).toBe(false);
  await writeFile(path, content);
  expect(await isWholeFile(path, sha256)).toBe(true);
});

it("is whole by its note alone where no digest is known", async () => {
  await writeFile(path, content);
  expect(await isWholeFile(path, undefined)).toBe(false);
  await noteWholeFile(path);
  expect(await isWholeFile(path, undefined)).toBe(true);
  await truncate(path, 0);
  expect(await isWholeFile(path, undefined)).toBe(false);
});
