/**
 * Native add-ons in the single executable. scripts/build-binary.ts puts them in as assets and leads the packages that
 * want them (better-sqlite3, ffi-napi, ref-napi) here. Run from source, those packages load their own files.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { getRawAsset } from "node:sea";

/**
 * Loads the add-on that is carried as asset `name`. dlopen wants a file, so the first use writes one, named by its
 * contents, into `MINI_ADDONS` or MINI_HOME's cache. Where that cannot be written, a private folder for temporary files
 * takes it, for as long as the loading lasts.
 */
export function loadNativeAddon(name: string): unknown {
  const bytes = Buffer.from(getRawAsset(name));
  const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  const cache =
    process.env["MINI_ADDONS"] ?? join(process.env["MINI_HOME"] ?? join(homedir(), ".mini"), "cache", "addons");
  const path = join(cache, `${name}-${digest}.node`);
  try {
    if (!existsSync(path)) write(path, bytes);
    return open(path);
  } catch (error) {
    const folder = mkdtempSync(join(tmpdir(), "mini-addon-"));
    try {
      write(join(folder, name), bytes);
      return open(join(folder, name));
    } catch (second) {
      throw new Error(`the add-on ${name} can be loaded neither from ${cache} nor from ${folder}`, {
        cause: new AggregateError([error, second]),
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

function write(path: string, bytes: Buffer): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.${process.pid}`, bytes, { mode: 0o500 });
  renameSync(`${path}.${process.pid}`, path);
}

function open(path: string): unknown {
  const module = { exports: {} };
  process.dlopen(module, path);
  return module.exports;
}
