/** Every command in every state that a cluster can be in: what it answers, and that start and delete lead out of each. */
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "./eventually.ts";
import { leftovers } from "./leftovers.ts";
import { type CommandResult, MiniCli } from "./mini-cli.ts";
import { writeTestImage } from "./test-image.ts";

const cli = new MiniCli("sta");
const home = join(cli.home, "mini");
const archive = join(cli.home, "image.tar");
const start = ["start", "--driver=runc", "--wait=apiserver,node_ready"];

beforeAll(() => writeTestImage("docker.io/test/busybox:1", archive));
afterAll(() => cli.cleanUp());

const runc = (...words: string[]) => execa("runc", ["--root", "/run/mini/runc", ...words]);
const ssh = (script: string) => cli.mini(["ssh", "--", script]);
const host = async (): Promise<string> => (await cli.mini(["status", "--format={{.Host}}"])).stdout;
const up = async (): Promise<void> => {
  await cli.succeed(...start);
};

/** An exit code, with the id of the failure where it is one of mini's own. */
type Outcome = string;
const busy = "11 MK_PROFILE_BUSY";
const missing = "85 GUEST_NOT_FOUND";
const down = "83 GUEST_NOT_RUNNING";

/** One of several where what is asked changes meanwhile. */
function expectOutcome({ exitCode, stdout, stderr }: CommandResult, outcomes: Outcome | readonly Outcome[]): void {
  const id = /Exiting due to (\w+)/.exec(stderr)?.[1];
  const outcome = id === undefined ? String(exitCode) : `${exitCode} ${id}`;
  expect([outcomes].flat(), `${stdout}\n${stderr}`).toContain(outcome);
  expect(stdout + stderr).not.toMatch(/^ +at .*:\d+:\d+/m);
}

/** Commands that change nothing of the cluster's state. */
const asking = {
  status: ["status"],
  ip: ["ip"],
  logs: ["logs"],
  ssh: ["ssh", "--", "true"],
  kubectl: ["kubectl", "--", "get", "--raw=/readyz", "--request-timeout=3s"],
  load: ["image", "load", archive],
  ls: ["image", "ls"],
  list: ["profile", "list"],
} as const;
const changing = { start, stop: ["stop"], delete: ["delete"] } as const;

interface State {
  readonly name: string;
  /** Leads there from wherever the test before ended; answers what lets somebody go on who stands still. */
  readonly enter: () => Promise<undefined | (() => Promise<void>)>;
  readonly host?: string;
  readonly asked: Readonly<Record<keyof typeof asking, Outcome | readonly Outcome[]>>;
  readonly changed: Readonly<Record<keyof typeof changing, Outcome>>;
}

const notThere = { ip: missing, logs: missing, ssh: missing, kubectl: missing, load: missing, ls: missing, list: "0" };
const notRunning = { ip: "0", logs: "0", ssh: down, kubectl: "1", load: down, ls: down, list: "0" };
const running = { status: "0", ip: "0", logs: "0", ssh: "0", kubectl: "0", load: "0", ls: "0", list: "0" };
const works = { start: "0", stop: "0", delete: "0" };
const held = { start: busy, stop: busy, delete: busy };

/** A mini that stands still in the middle of its work, with the profile's lock in its hands. */
async function standingStill(words: readonly string[], text: string): Promise<() => Promise<void>> {
  const first = cli.signalAt(words, text, "SIGSTOP");
  await first.given;
  return async () => {
    first.child.kill("SIGCONT");
    expectOutcome(await first.ended, "0");
  };
}

const stopped = async (): Promise<undefined> => {
  await up();
  await cli.succeed("stop");
};

const states: readonly State[] = [
  {
    name: "none",
    enter: async () => {
      await cli.succeed("delete");
      return undefined;
    },
    asked: { status: missing, ...notThere },
    changed: { start: "0", stop: missing, delete: "0" },
  },
  {
    ...{ name: "running", host: "Running", asked: running, changed: works },
    enter: async () => {
      await up();
      return undefined;
    },
  },
  {
    ...{ name: "paused", host: "Paused", asked: { ...notRunning, status: "3" }, changed: works },
    enter: async () => {
      await up();
      await runc("pause", cli.profile);
      return undefined;
    },
  },
  { ...{ name: "stopped", host: "Stopped", asked: { ...notRunning, status: "7" }, changed: works }, enter: stopped },
  {
    ...{ name: "container killed", host: "Stopped", asked: { ...notRunning, status: "7" }, changed: works },
    enter: async () => {
      await up();
      await runc("kill", "--all", cli.profile, "KILL");
      await eventually(async () => expect(await host()).toBe("Stopped"));
      return undefined;
    },
  },
  {
    // Init starts them again, at any moment.
    ...{ name: "node processes dead", host: "Running", changed: works },
    enter: async () => {
      await up();
      await ssh("kill -KILL $(cat /run/mini/agent.pid /run/mini/control-plane.pid)");
      return undefined;
    },
    asked: { ...running, status: ["0", "2"], kubectl: ["0", "1"] },
  },
  {
    ...{ name: "half-made", host: "Nonexistent", asked: { ...notRunning, status: "7" }, changed: works },
    enter: async () => {
      await cli.succeed("delete");
      const { given, ended } = cli.signalAt(start, "Starting", "SIGKILL");
      await given;
      await ended;
      return undefined;
    },
  },
  {
    ...{ name: "starting", host: "Stopped", asked: { ...notRunning, status: "7" }, changed: held },
    enter: async () => {
      await stopped();
      return standingStill(start, "mini on Linux");
    },
  },
  {
    // How far the shutdown comes meanwhile is the node's own business.
    ...{ name: "stopping", changed: held },
    enter: async () => {
      await up();
      return standingStill(["stop"], "Stopping node");
    },
    asked: {
      ...{ status: "7", ip: "0", logs: "0", list: "0", kubectl: ["0", "1"] },
      ...{ ssh: ["0", "255", down], load: ["0", down, "80 GUEST_IMAGE_LOAD"], ls: ["0", down, "80 GUEST_IMAGE_LOAD"] },
    },
  },
];

describe.each(states)("$name", ({ enter, host: expected, asked, changed }) => {
  let goOn: undefined | (() => Promise<void>);
  const release = async (): Promise<void> => {
    await goOn?.();
    goOn = undefined;
  };
  afterEach(release);

  const change = async (name: keyof typeof changing): Promise<void> => {
    expectOutcome(await cli.mini(changing[name]), changed[name]);
    if (changed[name] !== "0") return;
    if (name === "start") expectOutcome(await cli.mini(asking.kubectl), "0");
    if (name === "delete") expect(leftovers({ home, profile: cli.profile })).toEqual([]);
  };

  it("answers those who ask, and start", async () => {
    goOn = await enter();
    if (expected !== undefined) expect(await host()).toBe(expected);
    for (const [name, words] of Object.entries(asking)) {
      expectOutcome(await cli.mini(words), asked[name as keyof typeof asking]);
    }
    await change("start");
    if (goOn === undefined) return;
    await change("stop");
    await change("delete");
  });

  // Those that are refused change nothing, and were asked above.
  it.for(changed === held ? [] : (["stop", "delete"] as const))("%s", async (name) => {
    goOn = await enter();
    await change(name);
  });
});

describe("a start of what runs", () => {
  const config = join(home, "profiles", cli.profile, "config.json");
  const seed = join(home, "profiles", cli.profile, "machines", cli.profile, "seed");
  const versions = (): string[] =>
    [config, cli.kubeconfig, seed, join(seed, "config.json")].map((path) => `${path} ${statSync(path).ino}`);
  const since = () => ssh("cat /proc/1/stat | cut -d ' ' -f 22");

  it("changes nothing that is right, and says so", async () => {
    await up();
    const before = [...versions(), (await since()).stdout];
    const { stdout } = await cli.mini(["start", "--memory=4g", "--cpus=2", "--disk-size=40g"]);
    expect(stdout).toContain("The running cluster does not require reconfiguration");
    expect(stdout).toContain("You cannot change the memory size for a running mini cluster: it stays 2048MB");
    expect(stdout).toContain("You cannot change the disk size for an existing mini cluster: it stays 20000MB");
    expect(stdout).not.toContain("the CPUs");
    expect([...versions(), (await since()).stdout]).toEqual(before);
    expect((await ssh("ls /mini/seed")).stdout).toBe("config.json\npki\nssh");
    // What dies later reads the seed again.
    await ssh("kill -KILL $(cat /run/mini/control-plane.pid /run/mini/agent.pid)");
    await up();
    await eventually(async () => expect((await cli.mini(["status"])).exitCode).toBe(0));
    expect((await since()).stdout).toBe(before.at(-1));
  });

  it("restarts it for what needs that, and everything agrees afterwards", async () => {
    await up();
    const before = (await since()).stdout;
    const { stdout } = await cli.mini([...start, "--apiserver-port=9443", "--extra-config=kubelet.max-pods=17"]);
    expect(stdout).toContain("to move the API server from port 8443 to port 9443, and to apply --extra-config");
    expect((await since()).stdout).not.toBe(before);
    expect(JSON.parse(readFileSync(config, "utf8"))).toMatchObject({ apiServerPort: 9443 });
    expect(readFileSync(cli.kubeconfig, "utf8")).toContain(":9443");
    expect((await cli.mini(["status"])).exitCode).toBe(0);
    const { stdout: pods } = await cli.mini(["kubectl", "--", "get", "nodes", "-o", "jsonpath={..capacity.pods}"]);
    expect(pods).toBe("17");
  });

  it("gives the settings back that it worked with where the new ones do not work", async () => {
    await up();
    const before = readFileSync(config, "utf8");
    // A file that the node does not have: the API server ends, however often it is started.
    const settings = ["--apiserver-port=7443", "--extra-config=apiserver.audit-policy-file=/nowhere/policy.yaml"];
    expect((await cli.mini([...start, ...settings, "--wait-timeout=10s"])).exitCode).toBe(105);
    expect(readFileSync(config, "utf8")).toBe(before);
    await up();
    expect((await cli.mini(["status"])).exitCode).toBe(0);
  });

  it("waits for a shutdown from within, and for one whose mini was killed", async () => {
    await up();
    await ssh("poweroff");
    await up();
    expect((await cli.mini(["status"])).exitCode).toBe(0);
    const { given, ended } = cli.signalAt(["stop"], "Stopping node", "SIGKILL");
    await given;
    await ended;
    await up();
    expect((await cli.mini(["status"])).exitCode).toBe(0);
  });

  it("takes a profile whose file is missing for damaged, not for none", async () => {
    await up();
    const { subnet } = JSON.parse(readFileSync(config, "utf8")).network as { subnet: string };
    rmSync(config);
    for (const words of [start, ["status"], ["stop"]]) expectOutcome(await cli.mini(words), "38 HOST_CONFIG_LOAD");
    expectOutcome(await cli.mini(["delete"]), "0");
    expect(leftovers({ home, profile: cli.profile, subnet })).toEqual([]);
  });
});
