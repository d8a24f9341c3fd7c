/**
 * Starts a fresh cluster, loads the suite's images, runs upstream's tests labelled Conformance with Ginkgo (parallel
 * ones side by side, serial ones after), and compares the result with the ratchet test/conformance/passing.txt.
 *
 *   scripts/conformance [--focus REGEX] [--skip REGEX] [--all] [--smoke] [--nodes 2] [--driver runc] [--procs N]
 *                       [--update] [--keep] [--profile NAME]
 *
 * --all leaves the label filter out, so that --focus reaches tests outside Conformance. --smoke runs the names in
 * test/conformance/smoke.txt (parallel ones), where any failure counts. --update adds names that passed three runs in a
 * row to passing.txt and, after a whole run, writes docs/conformance.md. --keep leaves the cluster; --profile uses one
 * that is there. Ends with `N passed, N failed, N skipped`; exits 1 when a name of the ratchet did not pass.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { type Registry, reachableAddress, serveArchive } from "../test/conformance/registry.ts";
import {
  countOf,
  extendHistory,
  extendPassing,
  findRegressions,
  type History,
  type Result,
  readReport,
  renderPage,
  tableBySig,
} from "../test/conformance/report.ts";
import { readArguments } from "./arguments.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const cache = join(root, ".cache/conformance");
const mini = join(root, "dist/mini");
const passingFile = join(root, "test/conformance/passing.txt");
const smokeFile = join(root, "test/conformance/smoke.txt");
const kubectl = join(root, ".cache/kubectl/kubectl");
const historyFile = join(cache, "history.json");

const usage = `scripts/conformance [--focus REGEX] [--skip REGEX] [--all] [--smoke] [--nodes 2] [--driver runc] [--procs N]
                    [--update] [--keep] [--profile NAME]`;
const { values: options } = readArguments(usage, {
  options: {
    focus: { type: "string" },
    skip: { type: "string" },
    all: { type: "boolean", default: false },
    smoke: { type: "boolean", default: false },
    nodes: { type: "string", default: "2" },
    driver: { type: "string", default: "runc" },
    procs: { type: "string", default: "4" },
    update: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    profile: { type: "string" },
  },
});

const reports = join(cache, "reports");
/** What .ci/run adds to its closing line. */
const summaryFile = join(reports, "summary.json");
const readLines = (file: string): string[] =>
  existsSync(file)
    ? readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("#"))
    : [];
const escapeRegex = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

const home = options.profile === undefined ? mkdtempSync(join(tmpdir(), "mini-conformance-")) : undefined;
const profile = options.profile ?? `conf-${process.pid}`;
const kubeconfig = join(home ?? cache, "kubeconfig");
const environment = { KUBECONFIG: kubeconfig, ...(home === undefined ? {} : { MINI_HOME: home }) };
const archive = join(cache, "images.tar");
const abort = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => abort.abort());

const runMini = (...words: string[]) =>
  execa(mini, words, { env: environment, stdio: ["ignore", "inherit", "inherit"], cancelSignal: abort.signal });

let registry: Registry | undefined;

/** Images are loaded, and served as well: some tests always pull. A cluster that is there keeps the registries it has. */
async function startCluster(): Promise<void> {
  if (options.profile === undefined) {
    registry = await serveArchive(archive, reachableAddress());
    const sizes = [`--nodes=${options.nodes}`, "--memory=3500"];
    await runMini("start", "-p", profile, `--driver=${options.driver}`, ...sizes, `--registry-mirror=${registry.url}`);
  }
  await runMini("image", "load", "-p", profile, archive);
}

/** One call of Ginkgo; a failed suite is no error here, a suite that gave no report is. */
async function runSuite(name: string, labels: string, procs: number): Promise<Result[]> {
  const report = join(reports, `${name}.json`);
  rmSync(report, { force: true });
  const focus = options.smoke ? readLines(smokeFile).map((line) => `${escapeRegex(line)}$`) : [options.focus];
  const words = [
    `--procs=${procs}`,
    "--timeout=4h",
    "--no-color",
    "--silence-skips",
    `--output-dir=${reports}`,
    `--json-report=${name}.json`,
    `--junit-report=${name}.xml`,
    ...(labels === "" ? [] : [`--label-filter=${labels}`]),
    ...focus.filter((one) => one !== undefined).map((one) => `--focus=${one}`),
    ...(options.skip === undefined ? [] : [`--skip=${options.skip}`]),
    join(cache, "bin/e2e.test"),
    "--",
    `--kubeconfig=${kubeconfig}`,
    `--kubectl-path=${kubectl}`,
    "--provider=skeleton",
    // Without it, only the first process counts them.
    `--num-nodes=${options.nodes}`,
    "--disable-log-dump=true",
    "--dump-logs-on-failure=false",
    "--node-os-distro=custom",
    "--allowed-not-ready-nodes=-1",
    "--system-pods-startup-timeout=1m",
  ];
  await execa(join(cache, "bin/ginkgo"), words, {
    env: environment,
    stdio: ["ignore", "inherit", "inherit"],
    reject: false,
    cancelSignal: abort.signal,
  });
  if (!existsSync(report)) throw new Error(`Ginkgo wrote no report for the ${name} tests; its output above says why.`);
  return readReport(readFileSync(report, "utf8"));
}

async function runTests(): Promise<Result[]> {
  const scope = options.all ? "" : "Conformance && ";
  const parallel = await runSuite("parallel", `${scope}!Serial && !Disruptive`, Number(options.procs));
  if (options.smoke) return parallel;
  const serial = await runSuite("serial", `${scope}(Serial || Disruptive)`, 1);
  return [...parallel, ...serial];
}

function report(results: readonly Result[], minutes: number): void {
  const passing = new Set(readLines(passingFile));
  const history = existsSync(historyFile) ? (JSON.parse(readFileSync(historyFile, "utf8")) as History) : {};
  const nextHistory = extendHistory(history, results);
  writeFileSync(historyFile, JSON.stringify(nextHistory));
  const regressions = findRegressions(results, passing);
  console.log(`\n${tableBySig(results)}\n`);
  for (const { name, message, outcome } of results.filter((one) => one.outcome === "failed")) {
    console.log(`${outcome}: ${name}\n        ${message.slice(0, 200)}`);
  }
  for (const { name } of regressions) console.log(`regression: ${name} stands in passing.txt`);
  if (options.update) {
    writeFileSync(passingFile, `${extendPassing(passing, nextHistory).join("\n")}\n`);
    const whole = !options.all && !options.smoke && options.focus === undefined && options.skip === undefined;
    if (whole) writeFileSync(join(root, "docs/conformance.md"), renderPage(results, settings(minutes)));
  }
  const [passed, failed, skipped] = [
    countOf(results, "passed"),
    countOf(results, "failed"),
    countOf(results, "skipped"),
  ];
  writeFileSync(summaryFile, JSON.stringify({ passed, failed, skipped }));
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  const bad = options.smoke ? failed : regressions.length;
  process.exitCode = bad > 0 || passed === 0 ? 1 : 0;
}

function settings(minutes: number) {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const suite = /k8s\.io\/kubernetes (v[\d.]+)/.exec(readFileSync(join(root, "test/conformance/go.mod"), "utf8"));
  return {
    date: new Date().toISOString().slice(0, 10),
    version,
    suite: suite?.[1] ?? "",
    kubectl: readFileSync(join(dirname(kubectl), "version"), "utf8").trim(),
    driver: options.driver,
    nodes: Number(options.nodes),
    procs: Number(options.procs),
    minutes,
  };
}

mkdirSync(reports, { recursive: true });
rmSync(summaryFile, { force: true });
const begun = Date.now();
let ranToTheEnd = false;
try {
  await startCluster();
  report(await runTests(), Math.round((Date.now() - begun) / 60_000));
  ranToTheEnd = true;
} catch (error) {
  const { shortMessage, message } = error as Error & { shortMessage?: string };
  const what = (shortMessage ?? message).replace(/\.$/, "");
  console.error(`conformance: ${what}. No result was written; what came before says why.`);
  process.exitCode = 1;
} finally {
  registry?.close();
  if (home !== undefined && !options.keep) {
    await execa(mini, ["delete", "-p", profile], { env: environment, reject: false, stdio: "inherit" });
    if (ranToTheEnd) rmSync(home, { recursive: true, force: true });
    else console.error(`The launcher's logs, where there are any, are in ${home}/logs.`);
  } else if (home !== undefined) console.log(`kept: MINI_HOME=${home} KUBECONFIG=${kubeconfig} profile ${profile}`);
}
