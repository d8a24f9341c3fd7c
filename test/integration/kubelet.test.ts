/**
 * The kubelet against a real containerd, which the test starts for itself with its own folders, socket, bridge and
 * control groups, and an API server in memory. Needs root, containerd, runc, the network plugins and busybox-static.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { tar, writeOciArchive } from "../../images/oci-archive.ts";
import { configMaps, nodes, pods } from "../../src/client/resources.ts";
import { createFakeApi, type FakeApi } from "../../src/client/testing/fake-api.ts";
import type { Pod, PodSpec } from "../../src/kinds/generated/core-v1.ts";
import { createKubelet } from "../../src/kubelet/kubelet.ts";
import { unmountAll } from "../../src/kubelet/volumes/mount-commands.ts";
import type { RunningComponent } from "../../src/lib/component.ts";

const run = promisify(execFile);
const plugins = ["/opt/cni/bin", "/usr/lib/cni"].find((folder) => existsSync(join(folder, "bridge")));
const isRoot = process.getuid?.() === 0;

const folder = isRoot ? mkdtempSync(join(tmpdir(), "mini-kubelet-")) : "";
const socket = join(folder, "containerd.sock");
const bridge = `mk${process.pid}`;
const cgroupRoot = `/mini-kubelet-${process.pid}`;
/** Another run beside this one has another, most of the time. */
const podCidr = `10.198.${process.pid % 256}.0/24`;
/** For what a slow machine may take its time with. */
const patience = { timeout: 60_000 };
let containerd: ChildProcess | undefined;
let api: FakeApi;
let events: string[] = [];
let abort: AbortController;
let running: RunningComponent;

async function writeImages(path: string): Promise<void> {
  const applets = (await run("busybox", ["--list"])).stdout
    .split("\n")
    .filter((name) => name !== "" && name !== "busybox");
  const layer = await tar([
    { name: "bin", type: "directory", mode: 0o755 },
    { name: "tmp", type: "directory", mode: 0o1777 },
    { name: "etc", type: "directory", mode: 0o755 },
    { name: "bin/busybox", mode: 0o755, content: await readFile("/bin/busybox") },
    ...applets.map((name) => ({ name: `bin/${name}`, type: "symlink" as const, linkname: "busybox" })),
  ]);
  const config = { Env: ["PATH=/bin"], Cmd: ["sleep", "2147483647"] };
  const references = ["docker.io/mini/pause:test", "docker.io/library/busybox:test"];
  await writeOciArchive([{ references, layers: [layer], config }], path);
}

async function startContainerd(): Promise<void> {
  const config = `version = 2
root = "${folder}/root"
state = "${folder}/state"
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/mini/pause:test"
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "${plugins}"
  conf_dir = "${folder}/cni"
[plugins."io.containerd.internal.v1.opt"]
  path = "${folder}/opt"
`;
  await writeFile(join(folder, "config.toml"), config);
  await mkdir(join(folder, "cni"), { recursive: true });
  containerd = spawn("containerd", ["-c", join(folder, "config.toml")], { stdio: "ignore" });
  await vi.waitFor(() => run("ctr", ["-a", socket, "version"]), { ...patience, interval: 100 });
  await writeImages(join(folder, "images.tar"));
  await run("ctr", ["-a", socket, "-n", "k8s.io", "images", "import", join(folder, "images.tar")]);
}

async function startKubelet(): Promise<void> {
  abort = new AbortController();
  running = await createKubelet({
    client: api.client,
    informers: api.informers,
    recorder: { event: (about, _, reason) => void events.push(`${about.metadata?.name} ${reason}`) },
    nodeName: "node",
    nodeAddress: "127.0.0.1",
    config: {
      role: "worker",
      labels: {},
      extraConfig: {},
      cluster: {
        podSubnet: "10.244.0.0/16",
        serviceSubnet: "10.96.0.0/12",
        dnsAddress: "10.96.0.10",
        dnsDomain: "cluster.local",
      },
    },
    paths: {
      runtimeSocket: socket,
      root: join(folder, "kubelet"),
      podLogs: join(folder, "logs"),
      cniConfig: join(folder, "cni"),
      manifests: join(folder, "manifests"),
      bridge,
      cgroupRoot,
    },
  }).start(abort.signal);
}

/** Of this run alone: others' come and go meanwhile. Throws while a process of theirs is still ending. */
async function removeCgroups(): Promise<void> {
  const top = "/sys/fs/cgroup";
  const hierarchies = [top, ...(await readdir(top)).map((name) => join(top, name))];
  const own = hierarchies.map((path) => join(path, cgroupRoot)).filter((path) => existsSync(path));
  if (own.length > 0) await run("find", [...own, "-depth", "-type", "d", "-exec", "rmdir", "{}", "+"]);
}

async function stopKubelet(): Promise<void> {
  abort.abort();
  await running.done;
}

const shell = (script: string): string[] => [
  "sh",
  "-c",
  `trap 'exit 0' TERM; ${script}; while true; do sleep 0.1; done`,
];

/** Runs until it is told to end and /held/here, of an emptyDir, is removed. */
const reluctant = (atEnd: string): string[] => [
  "sh",
  "-c",
  `touch /up /held/here; trap '${atEnd}; while [ -e /held/here ]; do sleep 0.1; done; exit' TERM; while true; do sleep 0.1; done`,
];

const letGo = (pod: Pod | undefined): Promise<void> =>
  rm(join(folder, "kubelet/pods", pod?.metadata?.uid ?? "", "volumes/kubernetes.io~empty-dir/held/here"));

async function create(name: string, spec: Partial<PodSpec>): Promise<void> {
  const containers = [{ name: "c", image: "busybox:test", command: shell("true") }];
  await api.client.of(pods).create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: { nodeName: "node", terminationGracePeriodSeconds: 2, restartPolicy: "Always", containers, ...spec },
  });
}

const status = (name: string): NonNullable<Pod["status"]> => api.get(pods, name, "default")?.status ?? {};
const container = (name: string) => status(name).containerStatuses?.[0];

async function readLogs(name: string): Promise<string> {
  const uid = api.get(pods, name, "default")?.metadata?.uid ?? "";
  return readFile(join(folder, "logs", `default_${name}_${uid}`, "c", "0.log"), "utf8").catch(() => "");
}

async function remove(name: string): Promise<void> {
  await api.client.of(pods).delete(name, { namespace: "default", gracePeriodSeconds: 1 });
}

/** What is missing is installed by `scripts/setup test`; without it these tests have failed, and were not left out. */
function checkPrograms(): void {
  const folders = (process.env["PATH"] ?? "").split(":");
  const missing = ["containerd", "ctr", "runc"].filter(
    (name) => !folders.some((directory) => existsSync(join(directory, name))),
  );
  if (!existsSync("/bin/busybox")) missing.push("/bin/busybox");
  if (plugins === undefined) missing.push("the network plugins in /usr/lib/cni");
  if (missing.length > 0) throw new Error(`not installed: ${missing.join(", ")}; run scripts/setup test`);
}

describe.skipIf(!isRoot)("kubelet on containerd", () => {
  beforeAll(async () => {
    checkPrograms();
    await startContainerd();
  });
  afterAll(async () => {
    if (containerd?.exitCode === null && containerd.signalCode === null) {
      containerd.kill();
      await new Promise((resolve) => containerd?.once("exit", resolve));
    }
    await unmountAll(folder);
    await run("ip", ["link", "delete", bridge]).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
    await vi.waitFor(removeCgroups, { ...patience, interval: 100 });
  });
  beforeEach(async () => {
    api = createFakeApi();
    events = [];
    await startKubelet();
    const patch = { spec: { podCIDR: podCidr } };
    await api.client.of(nodes).patch("node", patch, { type: "merge" });
  });
  afterEach(async () => {
    for (const { metadata } of api.list(pods)) await remove(metadata?.name ?? "");
    const runtime = ["-a", socket, "-n", "k8s.io", "containers", "ls", "-q"];
    const empty = async (): Promise<void> => expect((await run("ctr", runtime)).stdout).toBe("");
    await vi.waitFor(empty, { ...patience, interval: 100 });
    await stopKubelet();
  });

  it("registers the node and reports it ready once it has a pod network", async () => {
    await expect
      .poll(() => api.get(nodes, "node")?.status?.conditions?.find(({ type }) => type === "Ready")?.status, patience)
      .toBe("True");
    expect(api.get(nodes, "node")?.status?.nodeInfo?.containerRuntimeVersion).toMatch(/^containerd:\/\//);
  });

  it("offers what someone advertises as the node's capacity, and takes it back", async () => {
    const shown = () => api.get(nodes, "node")?.status?.allocatable;
    const advertise = (dongle: string | null) =>
      api.client
        .of(nodes)
        .patch(
          "node",
          { status: { capacity: { "example.com/dongle": dongle } } },
          { type: "merge", subresource: "status" },
        );
    await expect.poll(shown, patience).toHaveProperty("pods");
    await advertise("4");
    await expect.poll(shown, patience).toHaveProperty(["example.com/dongle"], "4");
    await advertise(null);
    await expect.poll(shown, patience).not.toHaveProperty(["example.com/dongle"]);
  });

  it("runs a pod with configuration, reports it ready, and removes every trace of it", async () => {
    await api.seed(configMaps, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "cm", namespace: "default" },
      data: { key: "value" },
    });
    await create("full", {
      volumes: [
        { name: "cm", configMap: { name: "cm" } },
        { name: "scratch", emptyDir: { medium: "Memory" } },
      ],
      initContainers: [
        {
          name: "init",
          image: "busybox:test",
          command: ["sh", "-c", "echo made > /scratch/file"],
          volumeMounts: [{ name: "scratch", mountPath: "/scratch" }],
        },
      ],
      containers: [
        {
          name: "c",
          image: "busybox:test",
          command: shell("echo $IP $(cat /cm/key) $(cat /scratch/file)"),
          env: [{ name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
          volumeMounts: [
            { name: "cm", mountPath: "/cm" },
            { name: "scratch", mountPath: "/scratch" },
          ],
          resources: { limits: { memory: "32Mi" } },
          readinessProbe: { exec: { command: ["test", "-f", "/scratch/file"] }, periodSeconds: 1 },
        },
      ],
    });
    await expect.poll(() => container("full")?.ready, patience).toBe(true);
    expect(status("full")).toMatchObject({ phase: "Running", qosClass: "Burstable" });
    expect(await readLogs("full")).toContain(`stdout F ${status("full").podIP} value made`);
    await remove("full");
    await expect.poll(() => api.get(pods, "full", "default"), patience).toBeUndefined();
    await expect.poll(() => readdir(join(folder, "kubelet/pods")).catch(() => []), patience).toEqual([]);
    expect(events).toEqual(expect.arrayContaining(["full Created", "full Started", "full Killing"]));
  });

  it("gives containers parts of volumes, the same when they start again, and takes them down with the pod", async () => {
    const part = (mountPath: string, subPath: string) => ({ name: "v", mountPath, subPath });
    const prepare =
      "mkdir -p /v/releases/7; echo seven > /v/releases/7/file; ln -s releases/7 /v/current; ln -s / /v/out";
    await create("parts", {
      volumes: [{ name: "v", emptyDir: {} }],
      initContainers: [
        {
          name: "init",
          image: "busybox:test",
          command: ["sh", "-c", prepare],
          volumeMounts: [{ name: "v", mountPath: "/v" }],
        },
      ],
      containers: [
        {
          name: "c",
          image: "busybox:test",
          command: ["sh", "-c", "echo $(cat /folder/file /file) >> /new/starts; cat /new/starts; sleep 1"],
          volumeMounts: [part("/folder", "current"), part("/file", "current/file"), part("/new", "made/new")],
        },
        {
          name: "thief",
          image: "busybox:test",
          command: shell("ls /stolen"),
          volumeMounts: [part("/stolen", "out/etc")],
        },
      ],
    });
    const stateOf = (name: string) => status("parts").containerStatuses?.find((one) => one.name === name);
    await expect.poll(() => stateOf("c")?.restartCount, patience).toBeGreaterThanOrEqual(1);
    await expect.poll(async () => /seven seven/.test(await readLogs("parts")), patience).toBe(true);
    expect(stateOf("thief")?.state?.waiting?.reason).toBe("CreateContainerConfigError");
    expect(stateOf("thief")?.state?.waiting?.message).toMatch(
      /^failed to prepare subPath for volumeMount "v" of container "thief": .* leads out of /,
    );
    const mounts = async () => (await readFile("/proc/self/mountinfo", "utf8")).match(/volume-subpaths\S+/g) ?? [];
    const base = "volume-subpaths/v";
    expect((await mounts()).sort()).toEqual([`${base}/c/0`, `${base}/c/1`, `${base}/c/2`]);
    await remove("parts");
    await expect.poll(() => readdir(join(folder, "kubelet/pods")).catch(() => []), patience).toEqual([]);
    expect(await mounts()).toEqual([]);
  });

  it("reports how a pod ended, with its last words", async () => {
    const message = { terminationMessagePath: "/dev/termination-log" };
    const end = (script: string) => ({
      restartPolicy: "Never",
      containers: [{ name: "c", image: "busybox:test", command: ["sh", "-c", script], ...message }],
    });
    await create("good", end("echo done > /dev/termination-log"));
    await create("bad", end("exit 3"));
    await expect.poll(() => status("good").phase, patience).toBe("Succeeded");
    await expect.poll(() => status("bad").phase, patience).toBe("Failed");
    expect(container("good")?.state?.terminated).toMatchObject({ exitCode: 0, message: "done\n" });
    expect(container("bad")?.state?.terminated).toMatchObject({ exitCode: 3, reason: "Error" });
  });

  it("backs off from a container that keeps failing", async () => {
    await create("crash", { containers: [{ name: "c", image: "busybox:test", command: ["false"] }] });
    await expect.poll(() => container("crash")?.state?.waiting?.reason, patience).toBe("CrashLoopBackOff");
    expect(container("crash")?.restartCount).toBe(1);
  });

  it("says why a container cannot start", async () => {
    await create("config", {
      containers: [{ name: "c", image: "busybox:test", envFrom: [{ configMapRef: { name: "nope" } }] }],
    });
    await create("never", { containers: [{ name: "c", image: "missing:1", imagePullPolicy: "Never" }] });
    await expect
      .poll(() => container("config")?.state?.waiting, patience)
      .toEqual({ reason: "CreateContainerConfigError", message: 'configmap "nope" not found' });
    await expect.poll(() => container("never")?.state?.waiting?.reason, patience).toBe("ErrImageNeverPull");
  });

  it("restarts a container that fails its liveness probe", async () => {
    const livenessProbe = { exec: { command: ["false"] }, periodSeconds: 1, failureThreshold: 1 };
    await create("sick", { containers: [{ name: "c", image: "busybox:test", command: shell("true"), livenessProbe }] });
    await expect.poll(() => container("sick")?.restartCount, patience).toBeGreaterThanOrEqual(1);
    expect(events).toContain("sick Unhealthy");
  });

  it("tells that a pod is not ready any more while it takes its time to end", async () => {
    const command = reluctant("rm /up");
    const readinessProbe = { exec: { command: ["test", "-f", "/up"] }, periodSeconds: 1, failureThreshold: 1 };
    const volumeMounts = [{ name: "held", mountPath: "/held" }];
    const containers = [{ name: "c", image: "busybox:test", command, readinessProbe, volumeMounts }];
    const volumes = [{ name: "held", emptyDir: {} }];
    await create("leaving", { terminationGracePeriodSeconds: 60, containers, volumes });
    await expect.poll(() => container("leaving")?.ready, patience).toBe(true);
    const finalizers = (names: string[] | null) =>
      api.client
        .of(pods)
        .patch("leaving", { metadata: { finalizers: names } }, { type: "merge", namespace: "default" });
    await finalizers(["test/hold"]);
    await api.client.of(pods).delete("leaving", { namespace: "default" });
    await expect.poll(() => container("leaving")?.ready, patience).toBe(false);
    expect(container("leaving")?.state?.running).toBeDefined();
    await letGo(api.get(pods, "leaving", "default"));
    await finalizers(null);
  });

  it("takes in a pod where one that is gone from the API still stops", async () => {
    const cpu = `${availableParallelism() * 600}m`;
    const readinessProbe = { exec: { command: ["test", "-f", "/up"] }, periodSeconds: 1 };
    const volumeMounts = [{ name: "held", mountPath: "/held" }];
    const one = { name: "c", image: "busybox:test", readinessProbe, volumeMounts, resources: { requests: { cpu } } };
    const spec = { terminationGracePeriodSeconds: 60, volumes: [{ name: "held", emptyDir: {} }] };
    await create("first", { ...spec, containers: [{ ...one, command: reluctant("true") }] });
    await expect.poll(() => container("first")?.ready, patience).toBe(true);
    const first = api.get(pods, "first", "default");
    await api.client.of(pods).delete("first", { namespace: "default", gracePeriodSeconds: 0 });
    await create("second", { ...spec, containers: [{ ...one, command: shell("touch /up") }] });
    await expect.poll(() => status("second").phase, patience).toBe("Running");
    await letGo(first);
  });

  it("finds its pods running after a restart, and ends those that were removed meanwhile", async () => {
    await create("stays", {});
    await create("goes", {});
    await expect.poll(() => [container("stays")?.ready, container("goes")?.ready], patience).toEqual([true, true]);
    const before = container("stays")?.containerID;
    await stopKubelet();
    await remove("goes");
    await api.client
      .of(pods)
      .delete("goes", { namespace: "default", gracePeriodSeconds: 0 })
      .catch(() => undefined);
    await startKubelet();
    const runtime = ["-a", socket, "-n", "k8s.io", "tasks", "ls", "-q"];
    await expect.poll(async () => (await run("ctr", runtime)).stdout.trim().split("\n").length, patience).toBe(2);
    expect(container("stays")).toMatchObject({ containerID: before, restartCount: 0, ready: true });
  });
});
