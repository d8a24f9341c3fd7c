/** What users get wrong, and what goes wrong around them: each is a stable id, advice and a documented exit code. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { leftovers as allLeftovers } from "./leftovers.ts";
import { type CommandResult, MiniCli, miniPath } from "./mini-cli.ts";

const cli = new MiniCli("bad");
const home = join(cli.home, "mini");
afterAll(() => cli.cleanUp());

const documented = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");

/** The failure as the register has it, said once, with advice or at least where to read on, and no stack trace. */
function expectFailure({ exitCode, stdout, stderr }: CommandResult, id: string): void {
  expect(stderr).toMatch(new RegExp(`^X Exiting due to ${id}: \\S`, "m"));
  expect(stderr.match(/Exiting due to/g)).toHaveLength(1);
  expect(stderr).toContain(`docs/errors.md#${id.toLowerCase()}`);
  expect(documented).toContain(`## ${id}\n\nExit code ${exitCode}.`);
  expect(stdout + stderr).not.toMatch(/^ +at .*:\d+:\d+/m);
}

const leftovers = (): string[] => allLeftovers({ home, profile: cli.profile });

describe("words that cannot be used", () => {
  const start = (...words: string[]): string[] => ["start", "--dry-run", ...words];
  it.each<[id: string, words: string[]]>([
    ["MK_USAGE", ["nosuch"]],
    ["MK_USAGE", ["node"]],
    ["MK_USAGE", ["node", "agent"]],
    ["MK_USAGE", ["node", "control-plane"]],
    ["MK_USAGE", ["image"]],
    ["MK_USAGE", ["image", "load"]],
    ["MK_USAGE", ["status", "-o", "xml"]],
    ["MK_USAGE", ["status", "--layout=round"]],
    ["MK_USAGE", ["version", "superfluous"]],
    ["MK_USAGE", start("--nosuch")],
    ["MK_USAGE", start("superfluous")],
    ["MK_USAGE", start("--memory")],
    ["MK_USAGE", start("-p", "Upper")],
    ["MK_USAGE", start("-p", "../../etc")],
    ["MK_USAGE", start("-p", "a".repeat(41))],
    ["MK_USAGE", start("--profile=")],
    ["MK_USAGE", start("--memory=lots")],
    ["MK_USAGE", start("--memory=-1g")],
    ["MK_USAGE", start("--cpus=two")],
    ["MK_USAGE", start("--disk-size=10mb")],
    ["MK_USAGE", start("--nodes=0")],
    ["MK_USAGE", start("--nodes=many")],
    ["MK_USAGE", start("--wait=everything")],
    ["MK_USAGE", start("--wait-timeout=soon")],
    ["MK_USAGE", start("--apiserver-port=70000")],
    ["MK_USAGE", start("--extra-config=nonsense")],
    ["RSRC_INSUFFICIENT_REQ_MEMORY", start("--memory=100mb")],
    ["RSRC_INSUFFICIENT_SYS_MEMORY", start("--driver=runc", "--memory=90000g")],
    ["RSRC_INSUFFICIENT_CORES", start("--cpus=1")],
    ["RSRC_INSUFFICIENT_CORES", start("--cpus=4096")],
    ["HOST_PORT_IN_USE", start("--apiserver-port=10250")],
    ["HOST_PORT_IN_USE", start("--apiserver-port=30000")],
    ["DRV_UNSUPPORTED", start("--driver=docker")],
    ["MK_NOT_FOUND", ["image", "load", "/nosuch.tar"]],
    ...["status", "stop", "ip", "logs", "ssh", "kubectl", "image ls"].map((command): [string, string[]] => [
      "GUEST_NOT_FOUND",
      [...command.split(" "), "-p", "nosuch"],
    ]),
  ])("%s: mini %j", async (id, words) => {
    // What a command works on must exist for some of these; a profile that is only a file is enough.
    if (words[0] === "image" && words.length === 3 && id === "MK_NOT_FOUND") writeProfile();
    expectFailure(await cli.mini(words), id);
    rmSync(join(home, "profiles"), { recursive: true, force: true });
    expect(leftovers()).toEqual([]);
  });

  it("does not care where one stands", async () => {
    const manifest = join(cli.home, "oclif.manifest.json");
    writeFileSync(manifest, "no manifest of mini's\n");
    const here = { cwd: cli.home, env: cli.environment(), encoding: "utf8" as const };
    expect(spawnSync(miniPath, ["version"], here).stderr).toBe("");
    rmSync(manifest);
    const words = ["-c", 'mkdir gone; cd gone; rmdir ../gone; "$0" version', miniPath];
    expect(spawnSync("sh", words, here)).toMatchObject({ status: 0, stderr: "" });
  });

  it("tells failures as CloudEvents with -o json", async () => {
    const { exitCode, stdout } = await cli.mini(["start", "--driver=docker", "-o", "json"]);
    const last = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
    expect(last).toMatchObject({
      specversion: "1.0",
      type: "io.k8s.sigs.minikube.error",
      data: { exitcode: "56", name: "DRV_UNSUPPORTED", advice: expect.stringContaining("runc") },
    });
    expect(exitCode).toBe(56);
  });

  it("points to the help of the command that was mistyped", async () => {
    expect((await cli.mini(["-p", "x", "start", "--nosuch"])).stderr).toContain("Suggestion: mini help start\n");
    expect((await cli.mini(["image", "load"])).stderr).toContain("Suggestion: mini help image load\n");
  });

  it("deletes what does not exist without complaint", async () => {
    expect((await cli.mini(["delete", "-p", "nosuch"])).exitCode).toBe(0);
  });
});

/** A profile as a start writes it first. */
function writeProfile(): void {
  const folder = join(home, "profiles", cli.profile);
  mkdirSync(folder, { recursive: true });
  const sizes = { cpus: 2, memoryMiB: 2048, diskMiB: 20_000, apiServerPort: 8443 };
  const node = { name: cli.profile, role: "control-plane", address: "192.168.39.2", macAddress: "52:54:00:00:00:01" };
  const network = { subnet: "192.168.39.0/24", gateway: "192.168.39.1" };
  const rest = { network, extraConfig: {}, embedCerts: false, nodes: [node], createdAt: new Date().toISOString() };
  const profile = { version: 1, name: cli.profile, driver: "runc", ...sizes, ...rest };
  writeFileSync(join(folder, "config.json"), JSON.stringify(profile));
}

describe("files that cannot be used", () => {
  const start = ["start", "--driver=runc"];

  it.each([
    ["is no YAML", () => writeFileSync(cli.kubeconfig, "{ clusters: [")],
    ["is no kubeconfig", () => writeFileSync(cli.kubeconfig, "just text\n")],
    ["is a folder", () => mkdirSync(cli.kubeconfig)],
  ])("a kubeconfig that %s", async (_what, make) => {
    make();
    const before = existsSync(cli.kubeconfig) ? execFileSync("ls", ["-la", cli.kubeconfig], { encoding: "utf8" }) : "";
    expectFailure(await cli.mini(start), "HOST_KUBECONFIG_UPDATE");
    expect(execFileSync("ls", ["-la", cli.kubeconfig], { encoding: "utf8" })).toBe(before);
    rmSync(cli.kubeconfig, { recursive: true });
    expect(leftovers()).toEqual([]);
  });

  it("a MINI_HOME that is no folder", async () => {
    const file = join(cli.home, "file");
    writeFileSync(file, "");
    for (const folder of [file, join(file, "below")]) {
      expectFailure(await cli.mini(start, { env: { MINI_HOME: folder } }), "HOST_HOME_PERMISSION");
    }
  });

  it("a MINI_HOME where no folder can be made", async () => {
    expectFailure(await cli.mini(start, { env: { MINI_HOME: "/proc/mini" } }), "HOST_HOME_PERMISSION");
  });

  it("a profile that cannot be read, which can be deleted", async () => {
    const folder = join(home, "profiles", cli.profile);
    mkdirSync(folder, { recursive: true });
    for (const text of ["{", "{}", '{"version":1}', '{"version":2,"name":"x"}', "[]"]) {
      writeFileSync(join(folder, "config.json"), text);
      for (const command of ["start", "status"]) expectFailure(await cli.mini([command]), "HOST_CONFIG_LOAD");
    }
    expect((await cli.mini(["profile", "list"])).exitCode).toBe(0);
    const { invalid } = JSON.parse((await cli.mini(["profile", "list", "-o", "json"])).stdout);
    expect(invalid).toEqual([expect.objectContaining({ Name: cli.profile })]);
    expect((await cli.mini(["delete"])).exitCode).toBe(0);
    expect(leftovers()).toEqual([]);
  });

  it("a disk that is full, before the start and during it", async () => {
    const small = join(cli.home, "small");
    mkdirSync(small);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=40m,mode=700", "none", small]);
    try {
      const env = { MINI_HOME: small };
      expectFailure(await cli.mini(start, { env }), "RSRC_INSUFFICIENT_STORAGE");
      expectFailure(await cli.mini([...start, "--force"], { env }), "RSRC_INSUFFICIENT_STORAGE");
      expect(execFileSync("find", [small, "-type", "f"], { encoding: "utf8" })).toBe("");
    } finally {
      execFileSync("umount", [small]);
    }
  });
});

describe("machines that cannot run", () => {
  const hasVirtualization = /^flags.* (vmx|svm) /m.test(readFileSync("/proc/cpuinfo", "utf8"));

  it.runIf(!hasVirtualization)("kvm2 without VT-x or SVM, refused and forced", async () => {
    expectFailure(await cli.mini(["start", "--driver=kvm2"]), "HOST_VIRT_UNAVAILABLE");
    const started = Date.now();
    const forced = await cli.mini(["start", "--driver=kvm2", "--force"]);
    // How far it gets depends on what the machine's KVM makes of it.
    const id = forced.stderr.match(/Exiting due to (\w+)/)?.[1] ?? "";
    expect(["PR_KVM_MSR", "GUEST_KVM_FAULT", "PR_KVM_CAPABILITIES", "PR_KVM_SOCKET"]).toContain(id);
    expectFailure(forced, id);
    expect(forced.stderr).toContain("--driver=qemu2");
    // As soon as the guest is gone, not after the six minutes that a start may take.
    expect(Date.now() - started).toBeLessThan(180_000);
    expect(leftovers()).toEqual([]);
  });

  it("a cluster that is not ready in time", async () => {
    // An emulated machine boots for seconds, so that the first look never finds it ready.
    const result = await cli.mini(["start", "--driver=qemu2", "--wait-timeout=1ms"]);
    expectFailure(result, "K8S_APISERVER_MISSING");
    expect(leftovers()).toEqual([]);
    const kept = join(home, "logs", `${cli.profile}.log`);
    expect(existsSync(kept)).toBe(true);
    await cli.succeed("delete");
    expect(existsSync(kept)).toBe(false);
  });
});

describe("interruptions and company", () => {
  /** Runs mini, and interrupts it where it prints the text. */
  async function interrupted(words: string[], text: string): Promise<CommandResult> {
    const { given, ended } = cli.signalAt(words, text, "SIGINT");
    await given;
    return ended;
  }

  it.each([
    ["runc", "Using the"],
    ["runc", "Creating container"],
    ["runc", "Booting the node"],
    ["runc", "Verifying Kubernetes"],
    ["qemu2", "Creating qemu2 VM"],
    ["qemu2", "Booting the node"],
  ])("Ctrl-C during a start on %s, at: %s", async (driver, text) => {
    const result = await interrupted(["start", `--driver=${driver}`], text);
    expectFailure(result, "MK_INTERRUPTED");
    expect(result.exitCode).toBe(2);
    expect(leftovers()).toEqual([]);
  });

  it("a second command on the same profile, and names that are taken", async () => {
    // Stands still meanwhile, or it might be done before the others have looked.
    const first = cli.signalAt(["start", "--driver=runc"], "mini on Linux", "SIGSTOP");
    await first.given;
    try {
      expectFailure(await cli.mini(["start", "--driver=runc"]), "MK_PROFILE_BUSY");
      expectFailure(await cli.mini(["delete"]), "MK_PROFILE_BUSY");
    } finally {
      first.child.kill("SIGCONT");
    }
    expect((await first.ended).exitCode).toBe(0);
    expectFailure(await cli.mini(["start", "--driver=qemu2"]), "GUEST_DRIVER_MISMATCH");
    expectFailure(await cli.mini(["start", "--nodes=2"]), "MK_USAGE");
    expectFailure(await cli.mini(["ssh", "-n", "nosuch", "true"]), "GUEST_NODE_RETRIEVE");
    expectFailure(await cli.mini(["logs", "--node", "nosuch"]), "GUEST_NODE_RETRIEVE");
    expectFailure(await cli.mini(["status", "--format={{.Nosuch}}"]), "MK_USAGE");
    const elsewhere = { env: { MINI_HOME: join(cli.home, "elsewhere"), KUBECONFIG: join(cli.home, "elsewhere.yaml") } };
    expectFailure(await cli.mini(["start", "--driver=runc"], elsewhere), "GUEST_START");
    expect((await cli.mini(["status"])).exitCode).toBe(0);
    const archive = join(cli.home, "not-an-image.tar");
    writeFileSync(archive, "nothing of the kind");
    expectFailure(await cli.mini(["image", "load", archive]), "GUEST_IMAGE_LOAD");
    // An interrupted start of what exists stops it and keeps it.
    await cli.succeed("stop");
    const again = await interrupted(["start"], "Booting the node");
    expectFailure(again, "MK_INTERRUPTED");
    expect((await cli.mini(["status"])).exitCode).toBe(7);
    await cli.succeed("delete");
    expect(leftovers()).toEqual([]);
  });
});
