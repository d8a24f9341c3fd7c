/** A cluster whose certificates are good for a minute and a half, and one of whose nodes sleeps through their end. */
import { X509Certificate } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "./eventually.ts";
import { MiniCli } from "./mini-cli.ts";

const cli = new MiniCli("crt");
const kubectl = (...words: string[]) => cli.kubectl("newest", words);
const worker = `${cli.profile}-m02`;
const ssh = async (node: string, script: string): Promise<string> =>
  (await cli.mini(["ssh", "--node", node, "--", script])).stdout;
const seeded = async (node: string, name: string): Promise<X509Certificate> =>
  new X509Certificate(await ssh(node, `cat /mini/seed/pki/${name}.crt`));

beforeAll(async () => {
  await cli.succeed("start", "--driver=runc", "--nodes=2", "--wait=all", "--cert-expiration=90s");
});
afterAll(() => cli.cleanUp());

describe("certificates of 90 seconds", () => {
  it("are renewed in the node, which goes on through their end without a restart", async () => {
    const processes = await ssh(cli.profile, "cat /run/mini/*.pid");
    const ends = await Promise.all([
      ...["apiserver", "controller-manager", "apiserver-kubelet-client"].map((name) => seeded(cli.profile, name)),
      ...["kubelet-client", "kubelet", "kube-proxy"].map((name) => seeded(worker, name)),
    ]);
    const last = Math.max(...ends.map(({ validToDate }) => validToDate.getTime()));
    // Time itself is what is tested.
    await setTimeout(Math.max(0, last + 2_000 - Date.now()));
    expect((await cli.mini(["status"])).exitCode).toBe(0);
    await kubectl("create", "namespace", "later");
    await eventually(async () => {
      // The controllers' certificate, and the kubelets' that the API server asks with its own.
      await kubectl("get", "serviceaccount", "default", "-n", "later");
      for (const node of [cli.profile, worker]) {
        expect(await kubectl("get", "--raw", `/api/v1/nodes/${node}/proxy/healthz`)).toBe("ok");
      }
    });
    const leases = ["get", "lease", "-n", "kube-node-lease", worker, "-o", "jsonpath={.spec.renewTime}"];
    await eventually(async () => expect(Date.parse(await kubectl(...leases))).toBeGreaterThan(last));
    expect(await ssh(cli.profile, "cat /run/mini/*.pid")).toBe(processes);
  });

  it("are given to a node that slept through their end, and all anew where another life is asked for", async () => {
    // As after a sleep: nothing newer than what the launcher made, which has ended.
    await ssh(worker, "kill -STOP $(cat /run/mini/agent.pid); rm -f /var/lib/mini/pki/*");
    await ssh(worker, "kill -KILL $(cat /run/mini/agent.pid)");
    await cli.succeed("start", "--wait=apiserver", "--cert-expiration=8760h");
    const wake = Date.now();
    const leases = ["get", "lease", "-n", "kube-node-lease", worker, "-o", "jsonpath={.spec.renewTime}"];
    await eventually(async () => expect(Date.parse(await kubectl(...leases))).toBeGreaterThan(wake));
    const given = new X509Certificate(await ssh(worker, "cat /var/lib/mini/pki/kubelet-client.pem"));
    expect(given.validToDate.getTime() - wake).toBeGreaterThan(8_000 * 3_600_000);
    expect(await cli.succeed("start")).toContain("does not require reconfiguration");
  });
});
