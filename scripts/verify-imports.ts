/**
 * Checks the import rules of ARCHITECTURE.md: which folder of src may import which, which folder owns a native or wire
 * library, and that there are no cycles. Type-only imports obey the folder rules but may be circular.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
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
  libvirt: [],
  drivers: ["libvirt", "lib"],
  cluster: ["drivers", "machinery", "lib"],
  cli: ["cluster", "drivers", "lib"],
};

/** Libraries with native code or a wire protocol of their own, and the only folders that touch them; types are free. */
const owners: Record<string, readonly string[]> = {
  "ffi-napi": ["src/libvirt/"],
  "better-sqlite3": ["src/store/sqlite/"],
  "@grpc/grpc-js": ["src/kubelet/cri/", "src/kubelet/probes/"],
};

/** May be imported from everywhere: the node's configuration is written by cluster and read by node. */
const shared = new Set(["src/node/config.ts"]);

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const statement = /^(?:import|export)\s+(type\s)?[^"';]*?from\s+"([^"]+)"|^import\s+"([^"]+)"/gm;
/** Run-time imports but for those in a type: `typeof import("x")`, `import("x").Name`. */
const expression = /(typeof\s+)?\bimport\(\s*"([^"]+)"[^()]*\)(\.[A-Z])?/g;

function readImports(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const resolve = (target: string): string =>
    target.startsWith(".") ? normalize(join(dirname(file), target)) : target;
  return [
    ...[...text.matchAll(statement)].map(([, typeOnly, named, bare]) => {
      return { from: file, to: resolve(named ?? bare ?? ""), typeOnly: typeOnly !== undefined };
    }),
    ...[...text.matchAll(expression)].map(([, typeOf, target, member]) => {
      return { from: file, to: resolve(target ?? ""), typeOnly: (typeOf ?? member) !== undefined };
    }),
  ];
}

const folderOf = (file: string): string => file.split("/")[1] ?? "";

function breaksLayer({ from, to }: Import): string | undefined {
  if (!to.startsWith("src/") || shared.has(to)) return undefined;
  const [source, target] = [folderOf(from), folderOf(to)];
  const permitted = allowed[source];
  if (permitted === undefined || source === target || permitted.includes(target)) return undefined;
  return `${from} imports ${to}: src/${source} may import only ${[source, ...permitted].join(", ")}`;
}

/** Permissions that nobody uses: a rule that is looser than the code is no wall. */
function unusedPermissions(imports: readonly Import[]): string[] {
  const used = new Set(imports.map(({ from, to }) => `${folderOf(from)} ${to.startsWith("src/") ? folderOf(to) : to}`));
  return Object.entries(allowed).flatMap(([folder, targets]) =>
    targets
      .filter((target) => !used.has(`${folder} ${target}`))
      .map((target) => `src/${folder} may import src/${target} and never does: take it out of the rules`),
  );
}

function unusedOwners(imports: readonly Import[]): string[] {
  return Object.entries(owners).flatMap(([library, folders]) =>
    folders
      .filter((folder) => !imports.some(({ from, to }) => to === library && from.startsWith(folder)))
      .map((folder) => `${folder} may import ${library} and never does: take it out of the rules`),
  );
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

const files = globSync("src/**/*.ts", { cwd: root });
const production = files.filter((file) => !file.endsWith(".test.ts") && !file.includes("/testing/"));
const imports = production.flatMap(readImports);
const problems = [
  ...imports.map(breaksLayer),
  ...imports.map(breaksOwnership),
  ...findCycles(imports),
  ...unusedPermissions(imports),
  ...unusedOwners(imports),
].filter((problem) => problem !== undefined);
for (const problem of new Set(problems)) console.error(problem);
console.log(`${production.length} files, ${imports.length} imports, ${new Set(problems).size} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
