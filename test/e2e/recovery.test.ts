/** Whatever dies above the containers, they run on, and everything comes back. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "./eventually.ts";
import { MiniCli } from "./mini-cli.ts";
import { writeTestImage } from "./test-image.ts";

const cli = new MiniCli("rec");
const image = "docker.io/test/busybox:1";
const kubectl = (...words: string[]) => cli.kubectl("newest", words);
const ssh = async (script: string): Promise<string> => (await cli.mini(["ssh", "--", script])).stdout;

/** Process ids, restarts and start of what runs; the same as long as nothing was restarted. */
const runningPod = (): Promise<string> =>
  kubectl(
    "get",
    "pod",
    "lasting",
    "-o",
    "jsonpath={.metadata.uid} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount} {.status.podIP}",
  );

beforeAll(async () => {
  const archive = join(cli.home, "image.tar");
  await writeTestImage(image, archive);
  await cli.succeed("start", "--driver=runc", "--wait=all");
  await cli.succeed("image", "load", archive);
  await kubectl(
    "run",
    "lasting",
    `--image=${image}`,
    "--",
    "sh",
    "-c",
    "i=0; while sleep 0.2; do i=$((i+1)); echo $i; done",
  );
  await kubectl("wait", "pod/lasting", "--for=condition=Ready", "--timeout=60s");
});
afterAll(() => cli.cleanUp());

describe.each([
  ["control plane", "kill -KILL $(cat /run/mini/control-plane.pid)"],
  ["agent", "kill -KILL $(cat /run/mini/agent.pid)"],
  ["containerd", "kill -KILL $(pidof containerd)"],
  ["all of them at once", "kill -KILL $(cat /run/mini/control-plane.pid /run/mini/agent.pid) $(pidof containerd)"],
])("after the death of: %s", (_what, kill) => {
  it("containers run on, the cluster is whole again, and new pods start", async () => {
    const before = await runningPod();
    const process = "ps -o pid,args | grep '[s]h -c i=0' | sed 's/^ *//; s/ .*//'";
    const ids = await ssh(process);
    expect(ids).toMatch(/^\d+/);
    const old = await ssh("cat /run/mini/*.pid; pidof containerd");
    await ssh(kill);
    await eventually(async () => expect(await ssh("cat /run/mini/*.pid; pidof containerd")).not.toBe(old));
    await eventually(async () => expect((await cli.mini(["status"])).exitCode).toBe(0));
    await eventually(async () => {
      const { stdout } = await cli.tryKubectl("newest", ["get", "nodes", "--no-headers"]);
      expect(stdout).toMatch(/ Ready /);
    });
    expect(await ssh(process)).toBe(ids);
    expect(await runningPod()).toBe(before);
    // The node was Ready before the fault, too: containerd may be on its way up still.
    const said = await eventually(async () => Number(await kubectl("logs", "lasting", "--tail=1")));
    await eventually(async () => expect(Number(await kubectl("logs", "lasting", "--tail=1"))).toBeGreaterThan(said));
    await kubectl("run", "later", `--image=${image}`, "--restart=Never", "--", "true");
    await kubectl("wait", "pod/later", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=60s");
    await kubectl("delete", "pod", "later");
  });
});
