/** A cluster of two nodes through its commands: what each prints, and that pods on both nodes reach each other. */
import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "./eventually.ts";
import { MiniCli } from "./mini-cli.ts";
import { writeTestImage } from "./test-image.ts";

const cli = new MiniCli("clu");
const worker = `${cli.profile}-m02`;
const nodes = [cli.profile, worker];
const image = "docker.io/test/busybox:1";
const kubectl = (...words: string[]) => cli.kubectl("newest", words);
const inPod = (pod: string, script: string) => kubectl("exec", pod, "--", "sh", "-c", script);
const mini = (...words: string[]) => cli.mini(words);

/** A kubeconfig as somebody keeps it by hand. */
const foreign = `# my clusters
apiVersion: v1
kind: Config
clusters:
  - name: production   # careful
    cluster: {server: "https://production.invalid"}
contexts:
  - name: production
    context: {cluster: production, user: me}
users: [{name: me, user: {token: secret}}]
current-context: production
`;

beforeAll(async () => {
  writeFileSync(cli.kubeconfig, foreign, { mode: 0o644 });
  await cli.succeed("start", "--driver=runc", "--nodes=2", "--wait=all");
});
afterAll(() => cli.cleanUp());

describe("the kubeconfig", () => {
  it("keeps its other entries and comments, is private, and points to the cluster", async () => {
    const text = readFileSync(cli.kubeconfig, "utf8");
    for (const part of ["# my clusters", "# careful", "https://production.invalid", "token: secret"]) {
      expect(text).toContain(part);
    }
    expect(statSync(cli.kubeconfig).mode & 0o777).toBe(0o600);
    expect((await kubectl("config", "current-context")).trim()).toBe(cli.profile);
    expect((await kubectl("config", "get-contexts", "-o", "name")).split("\n").sort()).toEqual([
      cli.profile,
      "production",
    ]);
  });
});

describe("status", () => {
  it("tells of each node as text", async () => {
    const { stdout, exitCode } = await cli.mini(["-p", cli.profile, "status"]);
    const controlPlane = `${cli.profile}\ntype: Control Plane\nhost: Running\nkubelet: Running\napiserver: Running\nkubeconfig: Configured\n`;
    expect(stdout).toBe(`${controlPlane}\n${worker}\ntype: Worker\nhost: Running\nkubelet: Running\n`);
    expect(exitCode).toBe(0);
  });

  it("has JSON, a template and the cluster layout", async () => {
    const all = JSON.parse((await mini("status", "-o", "json")).stdout);
    const running = { Host: "Running", Kubelet: "Running" };
    expect(all).toEqual([
      { Name: cli.profile, ...running, APIServer: "Running", Kubeconfig: "Configured", Worker: false },
      { Name: worker, ...running, APIServer: "Irrelevant", Kubeconfig: "Irrelevant", Worker: true },
    ]);
    const one = JSON.parse((await mini("status", "-o", "json", "--node", worker)).stdout);
    expect(one).toMatchObject({ Name: worker, Worker: true });
    const templated = await mini("status", "--format={{.Name}}={{.Host}}");
    expect(templated.stdout).toBe(`${cli.profile}=Running\n${worker}=Running`);
    const layout = JSON.parse((await mini("status", "--layout=cluster")).stdout);
    expect(layout).toMatchObject({ Name: cli.profile, StatusCode: 200, StatusName: "OK" });
    expect(layout.Nodes.map((node: { Name: string }) => node.Name)).toEqual(nodes);
  });

  it("says by bit 4 that the kubeconfig leads elsewhere", async () => {
    const elsewhere = join(cli.home, "elsewhere");
    writeFileSync(elsewhere, foreign);
    const { stdout, exitCode } = await cli.mini(["status"], { env: { KUBECONFIG: elsewhere } });
    expect(stdout).toContain("kubeconfig: Misconfigured");
    expect(exitCode).toBe(4);
  });
});

describe("other commands", () => {
  it("version", async () => {
    const { miniVersion, commit } = JSON.parse((await cli.mini(["version", "-o", "json"])).stdout);
    expect(miniVersion).toMatch(/^v\d+\.\d+\.\d+/);
    expect(commit).toMatch(/^[0-9a-f]{40}/);
    expect((await cli.mini(["version", "--short"])).stdout).toBe(miniVersion);
    expect((await cli.mini(["version"])).stdout).toContain(`mini version: ${miniVersion}\ncommit: ${commit}`);
  });

  it("profile list", async () => {
    expect((await cli.mini(["profile", "list"])).stdout).toMatch(
      new RegExp(`${cli.profile} +runc +192\\.168\\.\\d+\\.2 +8443 +OK +2`),
    );
    const { valid, invalid } = JSON.parse((await cli.mini(["profile", "list", "-o", "json"])).stdout);
    expect(valid).toEqual([expect.objectContaining({ Name: cli.profile, Status: "OK" })]);
    expect(invalid).toEqual([]);
  });

  it("ip", async () => {
    const address = (await cli.succeed("ip")).trim();
    expect(await kubectl("get", "node", cli.profile, "-o", "jsonpath={.status.addresses[0].address}")).toBe(address);
  });

  it("ssh, into each node, with input, output and exit code", async () => {
    const words = ["ssh"];
    expect((await cli.mini([...words, "hostname"])).stdout).toBe(cli.profile);
    expect((await cli.mini([...words, "-n", worker, "--", "hostname"])).stdout).toBe(worker);
    expect(await cli.mini([...words, "--", "cat", "-;", "exit 7"], { input: "from here\n" })).toMatchObject({
      exitCode: 7,
      stdout: "from here",
    });
    expect(await cli.mini(words, { input: "hostname\nexit 9\n" })).toMatchObject({ exitCode: 9, stdout: cli.profile });
  });

  it("logs, of all nodes and to a file", async () => {
    const { stdout } = await mini("logs", "-n", "5");
    for (const node of nodes) expect(stdout).toContain(`==> ${node} `);
    const file = join(cli.home, "logs");
    await mini("logs", "--file", file, "--node", worker);
    expect(readFileSync(file, "utf8")).toContain(`==> ${worker} `);
  });

  it("kubectl, with words that look like flags, input and exit code", async () => {
    const words = ["kubectl", "-p", cli.profile, "--"];
    expect((await cli.mini([...words, "get", "nodes", "-o", "name"])).stdout.split("\n")).toHaveLength(2);
    expect((await cli.mini([...words, "get", "node", "nosuch"])).exitCode).toBe(1);
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "piped" } };
    const applied = await cli.mini([...words, "apply", "-f", "-"], { input: JSON.stringify(object) });
    expect(applied.stdout).toBe("configmap/piped created");
  });

  it("image load and image ls, on every node", async () => {
    const archive = join(cli.home, "image.tar");
    await writeTestImage(image, archive);
    await cli.succeed("image", "load", archive);
    expect((await cli.succeed("image", "ls")).split("\n")).toContain(image);
    for (const node of nodes) {
      const { stdout } = await cli.mini(["ssh", "-n", node, "--", "ctr -n k8s.io images ls -q"]);
      expect(stdout.split("\n")).toContain(image);
    }
  });

  it("start of what runs already changes nothing", async () => {
    const before = await kubectl("get", "nodes", "-o", "jsonpath={.items[*].metadata.uid}");
    await cli.succeed("start");
    expect(await kubectl("get", "nodes", "-o", "jsonpath={.items[*].metadata.uid}")).toBe(before);
  });
});

describe("the network between the nodes", () => {
  const hello = "mkdir /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www";
  const ask = (address: string) => `wget -T 5 -qO- http://${address}`;
  const podAddress = (name: string) => kubectl("get", "pod", name, "-o", "jsonpath={.status.podIP}");

  beforeAll(async () => {
    const pods = nodes.map((nodeName, index) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `on-${index}`, labels: { app: "web" } },
      spec: {
        nodeSelector: { "kubernetes.io/hostname": nodeName },
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            ...{ name: "web", image, command: ["sh", "-c", hello] },
            readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
          },
        ],
      },
    }));
    const apply = (items: unknown[]) =>
      cli.kubectl("newest", ["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    await apply(pods);
    await kubectl("wait", "pod/on-0", "pod/on-1", "--for=condition=Ready", "--timeout=60s");
    const spec = { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] };
    const services = [
      { metadata: { name: "web" }, spec: { ...spec, type: "NodePort" } },
      { metadata: { name: "headless" }, spec: { ...spec, clusterIP: "None" } },
      { metadata: { name: "only-1" }, spec: { ...spec, selector: { app: "web", node: "1" } } },
    ].map((service) => ({ apiVersion: "v1", kind: "Service", ...service }));
    await kubectl("label", "pod", "on-1", "node=1");
    await apply(services);
  });

  it("spreads pods as their node selectors say", async () => {
    const placed = await kubectl("get", "pods", "on-0", "on-1", "-o", "jsonpath={.items[*].spec.nodeName}");
    expect(placed.split(" ")).toEqual(nodes);
  });

  it.each([
    ["on-0", "on-1"],
    ["on-1", "on-0"],
  ])("carries from %s to %s by pod address", async (from, to) => {
    expect(await inPod(from, ask(`${await podAddress(to)}:8080`))).toBe(to);
  });

  it.each(["on-0", "on-1"])("lets %s find services by every form of name, on either node", async (from) => {
    for (const name of ["only-1", "only-1.default", "only-1.default.svc.cluster.local"]) {
      await eventually(async () => expect(await inPod(from, ask(name))).toBe("on-1"));
    }
    const seen = new Set<string>();
    await eventually(async () => {
      seen.add(await inPod(from, ask("web")));
      expect(seen.size).toBe(2);
    });
    const addresses = await Promise.all(["on-0", "on-1"].map(podAddress));
    const lookUp = "nslookup headless.default.svc.cluster.local | grep ^Address | tail -n +2";
    await eventually(async () => {
      const found = (await inPod(from, lookUp)).replaceAll(/Address: */g, "").split("\n");
      expect(found.sort()).toEqual(addresses.sort());
    });
  });

  it("reaches the API server from a pod with the pod's own token", async () => {
    const folder = "/var/run/secrets/kubernetes.io/serviceaccount";
    const token = await inPod("on-1", `cat ${folder}/token ${folder}/namespace`);
    expect(token).toMatch(/^ey.*default$/);
    expect(
      await inPod("on-1", "nc -w 3 $KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT < /dev/null && echo open"),
    ).toBe("open");
  });

  it("answers on the node port of every node, from outside", async () => {
    const port = await kubectl("get", "service", "web", "-o", "jsonpath={.spec.ports[0].nodePort}");
    const addresses = await kubectl("get", "nodes", "-o", "jsonpath={.items[*].status.addresses[0].address}");
    for (const address of addresses.split(" ")) {
      const { stdout } = await execa("curl", ["-sf", "--max-time", "10", `http://${address}:${port}`]);
      expect(stdout).toMatch(/^on-[01]$/);
    }
  });

  it("reaches pods of the worker by exec and logs", async () => {
    expect(await inPod("on-1", "hostname; echo said > /proc/1/fd/1")).toBe("on-1");
    // The runtime copies it into the log in its own time.
    await eventually(async () => expect(await kubectl("logs", "on-1")).toBe("said"));
  });
});

describe("the life of the cluster", () => {
  it("stops and starts with both nodes, pods and addresses", async () => {
    const address = await cli.succeed("ip");
    await cli.succeed("stop");
    const stopped = await mini("status");
    expect(stopped.stdout).toContain(`${worker}\ntype: Worker\nhost: Stopped\nkubelet: Stopped`);
    expect(stopped.exitCode).toBe(7);
    expect((await cli.mini(["profile", "list"])).stdout).toContain("Stopped");
    expect((await mini("ssh", "true")).exitCode).toBe(83);
    await cli.succeed("stop");
    await cli.succeed("start");
    expect(await cli.succeed("ip")).toBe(address);
    await eventually(async () => expect(await inPod("on-0", "wget -T 5 -qO- http://only-1")).toBe("on-1"));
  });

  it("does not join a network that took its subnet, as it may after a reboot, and starts when that is gone", async () => {
    const subnet = (await cli.succeed("ip")).trim().replace(/\d+$/, "0/24");
    await cli.succeed("stop");
    const { stdout: route } = await execa("ip", ["-o", "route", "show", "exact", subnet]);
    const bridge = /dev (\S+)/.exec(route)?.[1] as string;
    await execa("ip", ["link", "delete", bridge]);
    const other = `other${process.pid}`;
    await execa("ip", ["link", "add", other, "type", "bridge"]);
    try {
      await execa("ip", ["addr", "add", subnet.replace("0/", "200/"), "dev", other]);
      await execa("ip", ["link", "set", other, "up"]);
      const refused = await mini("start");
      expect(refused.stderr).toContain(`another network of this machine has ${subnet} now`);
      expect(refused.exitCode).toBe(70);
    } finally {
      await execa("ip", ["link", "delete", other]);
    }
    await cli.succeed("start");
    await eventually(async () => expect(await inPod("on-0", "wget -T 5 -qO- http://only-1")).toBe("on-1"));
  });

  it("leaves the kubeconfig as it was, and nothing else, when it is deleted", async () => {
    appendFileSync(cli.kubeconfig, "# the end\n");
    await cli.succeed("delete");
    const text = readFileSync(cli.kubeconfig, "utf8");
    expect(text).not.toContain(cli.profile);
    for (const part of ["# my clusters", "# careful", "# the end", "token: secret"]) expect(text).toContain(part);
    expect(existsSync(join(cli.home, "mini/profiles", cli.profile))).toBe(false);
    expect(readFileSync("/proc/mounts", "utf8")).not.toContain(cli.profile);
    expect((await mini("status")).exitCode).toBe(85);
    expect((await mini("delete")).exitCode).toBe(0);
  });
});
