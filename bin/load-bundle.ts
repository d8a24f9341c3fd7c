/**
 * Loads one of the bundles that scripts/build-binary.ts makes. Both the single executable and the recorder of the code
 * caches go through here, since V8 takes a cache only for the very same source.
 */
import { existsSync } from "node:fs";
import { constants, Script } from "node:vm";

/** One for each kind of process, so that none holds another's source. */
export const bundleNames = ["launcher", "control-plane", "agent"] as const;
export type BundleName = (typeof bundleNames)[number];

/**
 * For a command line without the program's name. `mini node …` is init's, in a node, which has a seed; anywhere else it is
 * a person's, and the launcher says what it is for.
 */
export function bundleOf([command, process = ""]: readonly string[], isNode = hasSeed()): BundleName {
  if (command !== "node" || !isNode || !["control-plane", "agent", "host-resolver"].includes(process))
    return "launcher";
  return process === "control-plane" ? "control-plane" : "agent";
}

function hasSeed(): boolean {
  return existsSync(`${process.env["MINI_NODE_ROOT"] ?? ""}/mini/seed/config.json`);
}

/** `source` is ASCII: a function expression of (exports, require, module). */
export function compileBundle(name: BundleName, source: Buffer, cachedData?: Buffer): Script {
  return new Script(source.toString("latin1"), {
    filename: `mini/${name}.cjs`,
    ...(cachedData === undefined ? {} : { cachedData }),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
}

/** Evaluates the bundle and runs the command line: src/cli/index.ts exports `run`, src/node/main.ts `main`. */
export async function runBundle(script: Script, load: NodeJS.Require, args: readonly string[]): Promise<void> {
  const module: { exports: { run?: Entry; main?: Entry } } = { exports: {} };
  script.runInThisContext()(module.exports, load, module);
  await module.exports.run?.(args);
  await module.exports.main?.(args.slice(1));
}

type Entry = (args: readonly string[]) => Promise<unknown>;
