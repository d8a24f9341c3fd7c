/**
 * Checks the import rules of ARCHITECTURE.md: which folder of src may import which, which folder owns a native or wire
 * library, and that there are no cycles. Type-only imports obey the folder rules but may be circular.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Folder of src → the folders it may import besides itself. `node` wires everything and may import all. */
const allowed: Record<string, readonly string[]> = {
  lib: [],
  machinery: ["lib"],
  kinds: ["machinery", "lib"],
  store: ["lib"],
  client: ["kinds", "machinery", "lib"],
  apiserver: ["store", "kinds", "machinery", "lib"],
  controllers: ["client", "kinds", "machinery", "lib"],
  scheduler: ["client", "kinds", "machinery", "lib"],
  kubelet: ["client", "kinds", "machinery", "lib"],
  network: ["client", "kinds", "machinery", "lib"],
  libvirt: ["lib"],
  drivers: ["libvirt", "lib"],
  cluster: ["drivers", "libvirt", "client", "kinds", "machinery", "lib"],
  cli: ["cluster", "drivers", "lib"],
};

/** Every file below src may import the configuration's types; only these folders touch the library. */
const owners: Record<string, readonly string[]> = {
  "ffi-napi": ["src/libvirt/"],
  "better-sqlite3": ["src/store/sqlite/", "src/node/"],
  "@grpc/grpc-js": ["src/kubelet/cri/", "src/kubelet/probes/", "src/store/etcd/"],
};

/** Type-only exceptions: the node's configuration is written by cluster and read by node. */
const shared = new Set(["src/node/config.ts"]);

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

function readImports(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const pattern = /^(?:import|export)\s+(type\s)?[^"';]*?from\s+"([^"]+)"|\bimport\("([^"]+)"\)|^import\s+"([^"]+)"/gm;
  return [...text.matchAll(pattern)].map(([, typeOnly, named, dynamic, bare]) => {
    const target = named ?? dynamic ?? bare ?? "";
    const to = target.startsWith(".") ? normalize(join(dirname(file), target)) : target;
    return { from: file, to, typeOnly: typeOnly !== undefined || dynamic !== undefined };
  });
}

const folderOf = (file: string): string => file.split("/")[1] ?? "";

function breaksLayer({ from, to }: Import): string | undefined {
  if (!to.startsWith("src/") || shared.has(to)) return undefined;
  const [source, target] = [folderOf(from), folderOf(to)];
  const permitted = allowed[source];
  if (permitted === undefined || source === target || permitted.includes(target)) return undefined;
  return `${from} imports ${to}: src/${source} may import only ${[source, ...permitted].join(", ")}`;
}

function breaksOwnership({ from, to, typeOnly }: Import): string | undefined {
  const folders = owners[to];
  if (typeOnly || folders === undefined || folders.some((folder) => from.startsWith(folder))) return undefined;
  return `${from} imports ${to}, which only ${folders.join(", ")} may`;
}

/** Depth-first search over run-time imports; each cycle is reported once, from its first file. */
function findCycles(imports: readonly Import[]): string[] {
  const edges = Map.groupBy(
    imports.filter((one) => !one.typeOnly && one.to.startsWith("src/")),
    (one) => one.from,
  );
  const state = new Map<string, "open" | "done">();
  const path: string[] = [];
  const cycles: string[] = [];
  const visit = (file: string): void => {
    state.set(file, "open");
    path.push(file);
    for (const { to } of edges.get(file) ?? []) {
      if (state.get(to) === "open") cycles.push(`cycle: ${[...path.slice(path.indexOf(to)), to].join(" → ")}`);
      else if (!state.has(to)) visit(to);
    }
    path.pop();
    state.set(file, "done");
  };
  for (const file of edges.keys()) if (!state.has(file)) visit(file);
  return cycles;
}

const files = globSync("src/**/*.ts", { cwd: root }).map((file) => relative(".", file));
const production = files.filter((file) => !file.endsWith(".test.ts") && !file.includes("/testing/"));
const imports = production.flatMap(readImports);
const problems = [...imports.map(breaksLayer), ...imports.map(breaksOwnership), ...findCycles(imports)].filter(
  (problem) => problem !== undefined,
);
for (const problem of new Set(problems)) console.error(problem);
console.log(`${production.length} files, ${imports.length} imports, ${new Set(problems).size} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
