/** mini's side: its control plane bundled as in dist/mini, in one process of the Node that dist/mini is made from. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { bundleOptions, nodeFlags } from "../../../scripts/binary/bundles.ts";
import { freePort } from "./free-port.ts";
import { run, type Side, stopAll, untilReady, writePki } from "./server.ts";

const root = join(import.meta.dirname, "../../..");
const bundle = join(root, ".cache/bench/mini-control-plane.cjs");

/**
 * The executable carries V8's code cache; here Node writes one beside the bundle at the first start. Arenas are what
 * images/overlay/usr/lib/mini/run sets.
 */
const environment = {
  NODE_COMPILE_CACHE: join(root, ".cache/bench/compiled"),
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: "131072",
};

/** Bundles once; better-sqlite3 stays outside for its add-on. */
export async function createMini(): Promise<Side> {
  await build({
    ...bundleOptions,
    entryPoints: [join(root, "test/bench/mini-control-plane.ts")],
    outfile: bundle,
    external: ["better-sqlite3"],
    banner: { js: `const __mini_url = require("node:url").pathToFileURL(__filename).href;` },
    define: { "import.meta.url": "__mini_url", "import.meta.dirname": "__dirname" },
  });
  return {
    name: "mini",
    description: `mini, bundled, on Node ${process.version}, flags ${nodeFlags.join(" ")}, MALLOC_ARENA_MAX=1, MALLOC_MMAP_THRESHOLD_=131072; SQLite, each commit synced before it is answered`,
    async start({ folder, parts }) {
      if (!existsSync(join(folder, "ca.crt"))) await writePki(folder);
      const port = await freePort();
      const url = `https://127.0.0.1:${port}`;
      const startedAt = performance.now();
      const node = run(
        folder,
        "mini",
        [process.execPath, ...nodeFlags, bundle, folder, String(port), ...parts],
        environment,
      );
      const processes = [node];
      await untilReady(url, folder, processes);
      const readyMs = performance.now() - startedAt;
      return { url, folder, readyMs, processes, stop: () => stopAll(processes) };
    },
  };
}
