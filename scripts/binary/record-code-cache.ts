/**
 * Runs a bundle as the single executable does, and when it exits saves V8's code cache of all that was compiled until
 * then: the functions that a start needs, where the cache of a source that only was compiled has but its top level.
 *
 * Arguments: name of the bundle, folder of bundles and add-ons, file of the cache (extended where it exists), and then
 * the command line. Runs on the executable's Node with the executable's flags, which a code cache depends on.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { type BundleName, compileBundle, runBundle } from "../../bin/load-bundle.ts";

const [, , name = "", folder = "", cache = "", ...args] = process.argv;
process.argv.splice(2, process.argv.length, ...args);

const builtin = createRequire(process.execPath);
const assets = {
  getRawAsset: (asset: string): ArrayBufferLike => new Uint8Array(readFileSync(join(folder, asset))).buffer,
};
const load = Object.assign((id: string): unknown => (id === "node:sea" ? assets : builtin(id)), builtin);

const script = compileBundle(
  name as BundleName,
  readFileSync(join(folder, `${name}.cjs`)),
  existsSync(cache) ? readFileSync(cache) : undefined,
);
if (script.cachedDataRejected === true) throw new Error(`V8 rejects the code cache of ${name} that it made itself`);

// Otherwise V8 forgets the code of functions that ran once. Set back at the end: the flags are part of the cache.
setFlagsFromString("--no-flush-bytecode");
process.on("exit", () => {
  setFlagsFromString("--flush-bytecode");
  writeFileSync(cache, script.createCachedData());
});
runBundle(script, load, args).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
