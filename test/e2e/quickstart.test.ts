/** The road of the README on each driver that this machine can run: start, quickstart, stop, start again, delete. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "./eventually.ts";
import { MiniCli } from "./mini-cli.ts";

const example = fileURLToPath(new URL("../../examples/quickstart.yaml", import.meta.url));

describe.each(["runc", "qemu2"] as const)("a cluster on %s", (driver) => {
  const cli = new MiniCli(driver === "runc" ? "qsr" : "qsq");
  const kubectl = (...words: string[]) => cli.kubectl("newest", words);
  const answer = async (): Promise<string> => {
    const port = await kubectl("get", "service", "quickstart", "-o", "jsonpath={.spec.ports[0].nodePort}");
    const address = (await cli.succeed("ip")).trim();
    const { stdout } = await execa("curl", ["-sf", "--max-time", "20", `http://${address}:${port}`]);
    return stdout;
  };
  const rolledOut = () => kubectl("rollout", "status", "deployment/quickstart", "--timeout=240s");

  beforeAll(async () => {
    await cli.succeed("start", `--driver=${driver}`, "--wait=all");
  });
  afterAll(() => cli.cleanUp());

  it("says that everything runs", async () => {
    const { exitCode, stdout } = await cli.mini(["status"]);
    expect(stdout).toBe(
      `${cli.profile}\ntype: Control Plane\nhost: Running\nkubelet: Running\napiserver: Running\nkubeconfig: Configured\n`,
    );
    expect(exitCode).toBe(0);
    expect(await kubectl("get", "nodes", "--no-headers")).toMatch(/ Ready +control-plane .* v1\.36\./);
  });

  it("runs the quickstart and answers on its node port", async () => {
    await kubectl("apply", "-f", example);
    await rolledOut();
    const pods = JSON.parse(await kubectl("get", "pods", "-l", "app=quickstart", "-o", "json"));
    expect(pods.items).toHaveLength(2);
    // Pods are ready a moment before the proxy has heard of it.
    await eventually(async () => expect(await answer()).toContain("quickstart-"));
  });

  it("lets a pod find the service by name", async () => {
    const names = await kubectl("get", "pods", "-l", "app=quickstart", "-o", "name");
    const [pod = ""] = names.split("\n");
    const ask = ["wget", "-qO-", "http://quickstart.default.svc.cluster.local"];
    await eventually(async () => expect(await kubectl("exec", pod, "--", ...ask)).toContain("quickstart-"));
  });

  it("runs a command over SSH", async () => {
    expect((await cli.succeed("ssh", "hostname")).trim()).toBe(cli.profile);
  });

  it("keeps its state over stop and start", async () => {
    await cli.succeed("stop");
    const stopped = await cli.mini(["status"]);
    expect(stopped.stdout).toContain("host: Stopped");
    expect(stopped.exitCode).toBe(7);
    await cli.succeed("start");
    // Until the kubelet has looked, the pods still say what they said before.
    await eventually(async () => expect(await answer()).toContain("quickstart-"), 240_000);
    await rolledOut();
  });

  it("leaves nothing behind when deleted", async () => {
    await cli.succeed("delete");
    const { exitCode } = await cli.mini(["status"]);
    expect(exitCode).toBe(85);
    expect(existsSync(`${cli.home}/mini/profiles/${cli.profile}`)).toBe(false);
    expect(readFileSync(cli.kubeconfig, "utf8")).not.toContain(cli.profile);
    const { stdout: domains } = await execa("virsh", ["list", "--all", "--name"]);
    expect(domains).not.toContain(cli.profile);
    const { stdout: networks } = await execa("virsh", ["net-list", "--all", "--name"]);
    expect(networks).not.toContain(cli.profile);
    expect(readFileSync("/proc/mounts", "utf8")).not.toContain(cli.profile);
    const { stdout: links } = await execa("ip", ["-o", "link"]);
    expect(links).not.toContain(cli.profile);
  });
});
