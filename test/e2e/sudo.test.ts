/**
 * An ordinary person and `sudo mini … --driver=runc`: what is theirs stays theirs, works without sudo afterwards, and no
 * link that lies in their folders leads root anywhere. Makes a person of the machine, and removes them.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CommandResult, miniPath } from "./mini-cli.ts";

const possible = process.getuid?.() === 0 && existsSync("/usr/bin/sudo");
const name = `su${process.pid}`;
const user = `mini-${name}`;
const sudoers = `/etc/sudoers.d/${user}`;
const folder = mkdtempSync(join(tmpdir(), "mini-sudo-"));
const mini = join(folder, "mini");
/** What only root may touch, and what links of the user's lead to. */
const treasure = join(folder, "treasure");
const home = `/home/${user}`;

/** A login shell of the user's; PATH is what the machine gives everybody. */
async function shell(script: string): Promise<CommandResult> {
  const environment = { PATH: "/usr/local/bin:/usr/bin:/bin", MINI: mini, NAME: name, TREASURE: treasure };
  const result = await execa(
    "/usr/bin/setpriv",
    ["--reuid", user, "--regid", user, "--init-groups", "sh", "-c", script],
    {
      cwd: home,
      env: { ...environment, HOME: home, USER: user, LOGNAME: user },
      extendEnv: false,
      reject: false,
    },
  );
  return { exitCode: result.exitCode ?? 1, stdout: result.stdout, stderr: result.stderr };
}

async function succeed(script: string): Promise<string> {
  const { exitCode, stdout, stderr } = await shell(script);
  if (exitCode !== 0) throw new Error(`${script} exited with ${exitCode}:\n${stdout}\n${stderr}`);
  return stdout;
}

/** Below the user's home, what is not the user's. */
const strangeFiles = (): string =>
  execFileSync("find", [home, "!", "(", "-user", user, "-group", user, ")"], { encoding: "utf8" });
const rootsLeftovers = (): string[] =>
  [
    ...readFileSync("/proc/self/mounts", "utf8").split("\n"),
    ...["/var/lib/mini/machines", "/var/lib/mini/runc", "/run/mini/runc"].flatMap((path) =>
      existsSync(path) ? readdirSync(path).map((each) => join(path, each)) : [],
    ),
  ].filter((line) => line.includes(name));

describe.skipIf(!possible)("a person with sudo", () => {
  beforeAll(() => {
    execFileSync("useradd", ["--create-home", "--user-group", "--shell", "/bin/sh", user]);
    chmodSync(home, 0o700);
    writeFileSync(sudoers, `${user} ALL=(ALL) NOPASSWD: SETENV: ALL\n`, { mode: 0o440 });
    copyFileSync(miniPath, mini);
    for (const path of [folder, mini]) chmodSync(path, 0o755);
    execFileSync("install", ["-d", "-m", "700", treasure]);
    writeFileSync(join(treasure, "file"), "apiVersion: v1\nkind: Config\n", { mode: 0o600 });
  });
  afterAll(async () => {
    await shell(`sudo "$MINI" delete -p "$NAME"`);
    rmSync(sudoers, { force: true });
    execFileSync("userdel", ["--remove", user], { stdio: "ignore" });
    rmSync(folder, { recursive: true, force: true });
  });

  it("is told what needs root, with the very command", async () => {
    const { exitCode, stderr } = await shell(`"$MINI" start -p "$NAME" --driver=runc`);
    expect(exitCode).toBe(57);
    expect(stderr).toContain(`Suggestion: sudo ${mini} start -p ${name} --driver=runc\n`);
  });

  it("leads root nowhere with a link in place of a folder or the kubeconfig", async () => {
    const before = readFileSync(join(treasure, "file"), "utf8");
    for (const trap of [
      `ln -s "$TREASURE" .kube`,
      `mkdir .kube && ln -s "$TREASURE/file" .kube/config`,
      `mkdir .kube && ln -s "$TREASURE/new" .kube/config`,
      `ln -s "$TREASURE" .mini`,
      `mkdir -p .mini && ln -s "$TREASURE" .mini/cache`,
      `mkdir -p .mini && ln -s "$TREASURE" .mini/locks`,
      `mkdir -p .mini && ln -s "$TREASURE" .mini/profiles`,
    ]) {
      await succeed(trap);
      const { exitCode, stderr } = await shell(`sudo "$MINI" start -p "$NAME" --driver=runc`);
      expect(exitCode, trap).not.toBe(0);
      expect(stderr, trap).toMatch(/Exiting due to HOST_(HOME_PERMISSION|KUBECONFIG_UPDATE|CONFIG_LOAD)/);
      expect(readdirSync(treasure), trap).toEqual(["file"]);
      expect(readFileSync(join(treasure, "file"), "utf8"), trap).toBe(before);
      expect(strangeFiles(), trap).toBe("");
      await succeed("rm -rf .kube .mini");
    }
    expect(rootsLeftovers()).toEqual([]);
  });

  it("owns all that plain sudo makes in their home, and root keeps the rest elsewhere", async () => {
    await succeed(`sudo "$MINI" start -p "$NAME" --driver=runc`);
    expect(strangeFiles()).toBe("");
    const modes = await succeed(`stat -c '%a %U' .mini .kube .kube/config ".mini/profiles/$NAME/pki/admin.key"`);
    expect(modes.split("\n")).toEqual([`700 ${user}`, `700 ${user}`, `600 ${user}`, `600 ${user}`]);
    expect(readdirSync(`/var/lib/mini/machines/${name}.${user}`).sort()).toEqual([
      "bundle",
      "console.log",
      "data",
      "layer",
    ]);
    expect(
      execFileSync("stat", ["-c", "%a %U", `/var/lib/mini/machines/${name}.${user}/data`], { encoding: "utf8" }),
    ).toBe("700 root\n");
  });

  it("uses the cluster without sudo", async () => {
    expect(await succeed(`"$MINI" status -p "$NAME"`)).toContain(
      "host: Running\nkubelet: Running\napiserver: Running\n",
    );
    expect(await succeed(`"$MINI" kubectl -p "$NAME" -- get nodes -o name`)).toBe(`node/${name}`);
    expect(await succeed(`"$MINI" ssh -p "$NAME" -- hostname`)).toBe(name);
    expect(await succeed(`"$MINI" ip -p "$NAME"`)).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(await succeed(`"$MINI" profile list -p "$NAME"`)).toMatch(new RegExp(`^${name} +runc .* OK `, "m"));
    const logs = await succeed(`"$MINI" logs -p "$NAME"`);
    for (const source of ["apiserver", "console"]) expect(logs).toContain(`==> ${name} ${source} <==`);
    expect(strangeFiles()).toBe("");
  });

  it.each(["stop", "delete"])("is told that %s needs root, and nothing is changed", async (verb) => {
    const { exitCode, stderr } = await shell(`"$MINI" ${verb} -p "$NAME"`);
    expect(exitCode).toBe(57);
    expect(stderr).toContain("Exiting due to DRV_NEEDS_ROOT");
    expect(stderr).toContain(`Suggestion: sudo ${mini} ${verb} -p ${name}\n`);
    expect(await succeed(`"$MINI" status -p "$NAME" --format '{{.Host}}'`)).toBe("Running");
  });

  it("stops, starts with sudo -E, and deletes; nothing of anybody's is left", async () => {
    await succeed(`sudo "$MINI" stop -p "$NAME"`);
    const machine = `".mini/profiles/$NAME/machines/$NAME"`;
    await succeed(`mv ${machine} kept && ln -s "$TREASURE" ${machine}`);
    expect((await shell(`sudo "$MINI" start -p "$NAME"`)).stderr).toContain("Exiting due to HOST_HOME_PERMISSION");
    expect(readdirSync(treasure)).toEqual(["file"]);
    await succeed(`rm ${machine} && mv kept ${machine}`);
    const stopped = await shell(`"$MINI" status -p "$NAME" --format '{{.Host}}'`);
    expect(stopped).toMatchObject({ exitCode: 7, stdout: "Stopped" });
    await succeed(`sudo -E "$MINI" start -p "$NAME"`);
    expect(await succeed(`"$MINI" status -p "$NAME" --format '{{.Host}}'`)).toBe("Running");
    expect(strangeFiles()).toBe("");
    await succeed(`sudo "$MINI" delete -p "$NAME"`);
    expect(rootsLeftovers()).toEqual([]);
    expect(await succeed(`ls .mini/profiles; cat .kube/config`)).not.toContain(name);
  });

  it("is refused a MINI_HOME that is not theirs, or that anybody may write to", async () => {
    const others = await shell(`MINI_HOME=/var/lib "$MINI" status`);
    expect(others.exitCode).toBe(37);
    expect(others.stderr).toContain("/var/lib belongs to root");
    const open = await shell(`install -d -m 777 open && MINI_HOME="$HOME/open" "$MINI" status`);
    expect(open.exitCode).toBe(37);
    expect(open.stderr).toContain(`Suggestion: chmod o-w ${home}/open, or set MINI_HOME`);
  });
});
