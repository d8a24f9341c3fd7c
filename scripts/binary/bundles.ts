/** Bundles the sources for the single executable: one file for each kind of process, and the entry that loads them. */
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { build, type Plugin } from "esbuild";
import type { BundleName } from "../../bin/load-bundle.ts";

const root = dirname(dirname(import.meta.dirname));

/** Add-ons by the name they have as assets. */
export const addons: Readonly<Record<string, string>> = {
  "better-sqlite3": join(root, "node_modules/better-sqlite3/prebuilds/linux-x64.node"),
  "ffi-napi": join(root, "node_modules/ffi-napi/prebuilds/linux-x64/@makeomatic+ffi-napi.uv1.node"),
  "ref-napi": join(root, "node_modules/@makeomatic/ref-napi/prebuilds/linux-x64/node.napi.node"),
};

/** Leads every way in which a package loads an add-on to src/lib/native-addon.ts, or to an error it copes with. */
const addonPlugin: Plugin = {
  name: "addons",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^better-sqlite3$/ }, () => ({
      path: join(root, "node_modules/better-sqlite3/lib/linux-x64.js"),
    }));
    onResolve({ filter: /^node-gyp-build$/ }, ({ importer }) => ({
      path: importer.includes("ref-napi") ? "ref-napi" : "ffi-napi",
      namespace: "addon-function",
    }));
    onResolve({ filter: /\.node$/ }, ({ importer }) =>
      importer.includes("better-sqlite3")
        ? { path: "better-sqlite3", namespace: "addon" }
        : { path: "none", namespace: "no-addon" },
    );
    const loader = JSON.stringify(join(root, "src/lib/native-addon.ts"));
    const load = (name: string): string => `require(${loader}).loadNativeAddon(${JSON.stringify(name)})`;
    onLoad({ filter: /.*/, namespace: "addon-function" }, ({ path }) => ({
      contents: `module.exports = () => ${load(path)};`,
      resolveDir: root,
    }));
    onLoad({ filter: /.*/, namespace: "addon" }, ({ path }) => ({
      contents: `module.exports = ${load(path)};`,
      resolveDir: root,
    }));
    onLoad({ filter: /.*/, namespace: "no-addon" }, () => ({
      contents: `throw new Error("this add-on is not part of mini");`,
    }));
  },
};

/** The component table names the components of both node processes; a bundle leaves the other's out. */
const leaveOut = (components: RegExp): Plugin => ({
  name: "leave-out",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: components }, ({ path }) => ({ path, namespace: "other-process" }));
    onLoad({ filter: /.*/, namespace: "other-process" }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`${path} belongs to the other process`)});`,
    }));
  },
});

const bundles: Readonly<Record<BundleName, { entry: string; plugins: Plugin[] }>> = {
  launcher: { entry: "src/cli/index.ts", plugins: [] },
  "control-plane": { entry: "src/node/main.ts", plugins: [leaveOut(/^\.\/components\/(agent|containerd)\.ts$/)] },
  agent: { entry: "src/node/main.ts", plugins: [leaveOut(/^\.\/components\/control-plane\.ts$/)] },
};

/** For `mini version`; unknown where this is no checkout, or one that git will not read for this user. */
function currentCommit(): string {
  try {
    return execFileSync("git", ["-C", root, "rev-parse", "HEAD"], { stdio: ["ignore", "pipe", "ignore"] })
      .toString()
      .trim();
  } catch {
    return "unknown";
  }
}

/**
 * Of the executable's Node, and part of the code caches: a cache is taken only under the flags that it was made with. The
 * young generation is small, so that collecting it is over before other threads have woken up; waiting for them took a
 * fifth of a request's time.
 */
export const nodeFlags = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=4", "--no-parallel-scavenge"];

/** What esbuild is told for every program that is bundled as mini is. */
export const bundleOptions = {
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  logLevel: "warning",
} as const;

/** Writes `NAME.cjs` into `folder`, in the form that bin/load-bundle.ts wants. */
export async function bundle(name: BundleName, folder: string): Promise<void> {
  const { entry, plugins } = bundles[name];
  await build({
    ...bundleOptions,
    entryPoints: [join(root, entry)],
    outfile: join(folder, `${name}.cjs`),
    plugins: [addonPlugin, ...plugins],
    define: {
      "import.meta.url": "__mini_url",
      "import.meta.dirname": "__dirname",
      "process.env.MINI_BUNDLED": '"1"',
      "process.env.MINI_COMMIT": JSON.stringify(currentCommit()),
    },
    banner: {
      js: `(function(exports,require,module){const __filename = process.execPath, __dirname = require("node:path").dirname(__filename), __mini_url = require("node:url").pathToFileURL(__filename).href;`,
    },
    footer: { js: "})" },
  });
}

/** Bundles a program that stands alone, such as the executable's entry. */
export async function bundleProgram(entry: string, outfile: string): Promise<void> {
  await build({ ...bundleOptions, entryPoints: [join(root, entry)], outfile });
}
