/**
 * Entry of the single executable: launcher on the host, control plane or agent in the node (`mini node …`). Each is a
 * bundle of its own among the assets, with V8's code cache of what it needs to start.
 */
import { getRawAsset } from "node:sea";
import { compileOnMainThread, killAtExit } from "../src/lib/process-exit.ts";
import { bundleOf, compileBundle, runBundle } from "./load-bundle.ts";

const args = process.argv.slice(2);
const name = bundleOf(args);
const script = compileBundle(name, Buffer.from(getRawAsset(`${name}.cjs`)), Buffer.from(getRawAsset(`${name}.cache`)));
// Only slower, so users are not told; the build, which must have made a good one, asks.
if (script.cachedDataRejected === true && process.env["MINI_EXPECT_CODE_CACHE"] !== undefined) {
  throw new Error(`V8 rejects the code cache of ${name}`);
}

// After the compilation, whose code cache V8 takes under no other flags than those that it was made with.
if (name === "launcher") compileOnMainThread();
else killAtExit();

runBundle(script, require, args).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
