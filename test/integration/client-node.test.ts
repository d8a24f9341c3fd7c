/** `@kubernetes/client-node` against a cluster: informer, watch, patch, log, exec, attach and port-forward. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import {
  ApiException,
  AppsV1Api,
  Attach,
  CoreV1Api,
  Cp,
  Exec,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  Log,
  Metrics,
  makeInformer,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  topNodes,
  topPods,
  type V1ConfigMap,
  type V1Container,
  type V1Deployment,
  type V1Pod,
  type V1Status,
  Watch,
} from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { eventually } from "../e2e/eventually.ts";
import { MiniCli } from "../e2e/mini-cli.ts";
import { writeTestImage } from "../e2e/test-image.ts";
import { compatibilityOf } from "./compatibility.ts";

const namespace = "default";
const image = "docker.io/mini/quickstart:1";
const { version } = createRequire(import.meta.url)("@kubernetes/client-node/package.json") as { version: string };

/** What callbacks tell, to be awaited one after the other. */
class Told {
  readonly #stream = new PassThrough({ objectMode: true });
  readonly #iterator = this.#stream.iterator();

  add(line: string): void {
    this.#stream.write(line);
  }

  async next(count: number): Promise<string[]> {
    const lines: string[] = [];
    while (lines.length < count) lines.push((await this.#iterator.next()).value as string);
    return lines;
  }
}

describe("@kubernetes/client-node", () => {
  const cli = new MiniCli("cnd");
  const config = new KubeConfig();
  let core: CoreV1Api;
  let apps: AppsV1Api;
  const feature = compatibilityOf("@kubernetes/client-node", () => version);

  const configMap = (name: string, value: string): V1ConfigMap => ({
    metadata: { name, labels: { checked: "yes" } },
    data: { value },
  });
  const createReady = async (name: string, container: Partial<V1Container> = {}): Promise<void> => {
    const body: V1Pod = {
      metadata: { name },
      spec: {
        terminationGracePeriodSeconds: 0,
        restartPolicy: "Never",
        securityContext: { runAsUser: 0 },
        containers: [{ name: "c", image, stdin: true, ...container }],
      },
    };
    await core.createNamespacedPod({ namespace, body });
    await cli.kubectl("newest", ["wait", "--for=condition=Ready", `pod/${name}`, "--timeout=60s"]);
  };
  /** Runs a command in a pod's container with that input. */
  const exec = async (pod: string, command: string[], input?: string) => {
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    const stdin = input === undefined ? null : new PassThrough();
    const { promise: ended, resolve } = Promise.withResolvers<V1Status>();
    await new Exec(config).exec(namespace, pod, "c", command, stdout, stderr, stdin, false, resolve);
    stdin?.end(input);
    return { stdout: await text(stdout), stderr: await text(stderr), status: await ended };
  };

  beforeAll(async () => {
    await cli.succeed("start", "--driver=runc", "--wait=all");
    config.loadFromFile(cli.kubeconfig);
    config.setCurrentContext(cli.profile);
    core = config.makeApiClient(CoreV1Api);
    apps = config.makeApiClient(AppsV1Api);
    await createReady("web");
  });
  afterAll(() => cli.cleanUp());

  feature("informer", async () => {
    await core.createNamespacedConfigMap({ namespace, body: configMap("first", "1") });
    const told = new Told();
    const tell = (verb: string) => (one: V1ConfigMap) =>
      told.add(`${verb} ${one.metadata?.name}=${one.data?.["value"]}`);
    const labelSelector = "checked=yes";
    const list = () => core.listNamespacedConfigMap({ namespace, labelSelector });
    const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, list, labelSelector);
    informer.on("add", tell("add"));
    informer.on("update", tell("update"));
    informer.on("delete", tell("delete"));
    informer.on("error", (error: unknown) => told.add(`error ${String(error)}`));
    await informer.start();
    expect(await told.next(1)).toEqual(["add first=1"]);
    await core.createNamespacedConfigMap({ namespace, body: configMap("second", "1") });
    await core.replaceNamespacedConfigMap({ namespace, name: "first", body: configMap("first", "2") });
    await core.deleteNamespacedConfigMap({ namespace, name: "second" });
    expect(await told.next(3)).toEqual(["add second=1", "update first=2", "delete second=1"]);
    expect(informer.get("first", namespace)?.data).toEqual({ value: "2" });
    await informer.stop();
  });

  feature("watch from a resourceVersion", async () => {
    const told = new Told();
    const { metadata } = await core.listNamespacedSecret({ namespace });
    const path = `/api/v1/namespaces/${namespace}/secrets`;
    const { promise: closed, resolve: done } = Promise.withResolvers<unknown>();
    const watching = await new Watch(config).watch(
      path,
      { resourceVersion: metadata?.resourceVersion, allowWatchBookmarks: true },
      (phase, one: KubernetesObject) => told.add(`${phase} ${one.metadata?.name}`),
      done,
    );
    await core.createNamespacedSecret({ namespace, body: { metadata: { name: "seen" }, stringData: { a: "b" } } });
    await core.deleteNamespacedSecret({ namespace, name: "seen" });
    expect(await told.next(2)).toEqual(["ADDED seen", "DELETED seen"]);
    watching.abort();
    await closed;
  });

  feature("patch: JSON, merge, strategic, server-side apply", async () => {
    const body: V1Deployment = {
      metadata: { name: "patched" },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: "patched" } },
        template: { metadata: { labels: { app: "patched" } }, spec: { containers: [{ name: "web", image }] } },
      },
    };
    await apps.createNamespacedDeployment({ namespace, body });
    const patch = async (
      strategy: PatchStrategy,
      change: object,
      more: { fieldManager?: string; force?: boolean } = {},
    ) =>
      apps.patchNamespacedDeployment(
        { name: "patched", namespace, body: change, ...more },
        setHeaderOptions("Content-Type", strategy),
      );
    await patch(PatchStrategy.JsonPatch, [{ op: "add", path: "/metadata/labels", value: { by: "json" } }]);
    await patch(PatchStrategy.MergePatch, { metadata: { annotations: { by: "merge" } } });
    const sidecar = { spec: { template: { spec: { containers: [{ name: "sidecar", image }] } } } };
    const strategic = await patch(PatchStrategy.StrategicMergePatch, sidecar);
    expect(strategic.metadata).toMatchObject({ labels: { by: "json" }, annotations: { by: "merge" } });
    // Annotations of a Deployment count, as they are copied to its replica sets; labels and the controller's do not.
    expect(strategic.metadata?.generation).toBe(3);
    expect(strategic.spec?.template.spec?.containers.map(({ name }) => name)).toEqual(["sidecar", "web"]);
    const applied = { apiVersion: "apps/v1", kind: "Deployment", spec: { minReadySeconds: 3 } };
    const byApply = await patch(PatchStrategy.ServerSideApply, applied, { fieldManager: "node", force: true });
    expect(byApply.spec?.minReadySeconds).toBe(3);
    expect(byApply.metadata?.managedFields).toContainEqual(
      expect.objectContaining({
        manager: "node",
        operation: "Apply",
        fieldsV1: { "f:spec": { "f:minReadySeconds": {} } },
      }),
    );
    const conflict = patch(PatchStrategy.ServerSideApply, applied, { fieldManager: "other" });
    await expect(conflict).resolves.toMatchObject({ spec: { minReadySeconds: 3 } });
    const other = { ...applied, spec: { minReadySeconds: 4 } };
    const refused = await patch(PatchStrategy.ServerSideApply, other, { fieldManager: "third" }).catch(
      (error) => error,
    );
    expect(refused).toBeInstanceOf(ApiException);
    expect(refused.code).toBe(409);
  });

  feature("objects of any kind (KubernetesObjectApi)", async () => {
    const objects = KubernetesObjectApi.makeApiClient(config);
    const metadata = { name: "any", namespace };
    const made = await objects.create({ apiVersion: "v1", kind: "ServiceAccount", metadata } as KubernetesObject);
    expect(made.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/);
    const read = await objects.read({ apiVersion: "v1", kind: "ServiceAccount", metadata });
    expect(read.metadata?.creationTimestamp).toBeInstanceOf(Date);
    await objects.delete({ apiVersion: "v1", kind: "ServiceAccount", metadata });
    await expect(objects.read({ apiVersion: "v1", kind: "ServiceAccount", metadata })).rejects.toMatchObject({
      code: 404,
    });
  });

  feature("exec", async () => {
    const input = "0123456789abcdef".repeat(16 * 1024);
    const script = "cat; echo problem >&2; exit 7";
    const { stdout, stderr, status } = await exec("web", ["sh", "-c", script], input);
    expect(stdout).toBe(input);
    expect(stderr).toBe("problem\n");
    expect(status).toMatchObject({
      status: "Failure",
      reason: "NonZeroExitCode",
      details: { causes: [{ reason: "ExitCode", message: "7" }] },
    });
    expect((await exec("web", ["hostname"])).status.status).toBe("Success");
  });

  feature("log, followed", async () => {
    const script = "echo first; while [ ! -e /tmp/go ]; do sleep 0.1; done; echo second";
    await createReady("talks", { command: ["sh", "-c", script] });
    const output = new PassThrough();
    const all = text(output);
    await new Log(config).log(namespace, "talks", "c", output, { follow: true });
    await exec("talks", ["sh", "-c", "echo > /tmp/go"]);
    expect(await all).toBe("first\nsecond\n");
    const tail = new PassThrough();
    const last = text(tail);
    await new Log(config).log(namespace, "talks", "c", tail, { tailLines: 1 });
    expect(await last).toBe("second\n");
  });

  feature("attach", async () => {
    await createReady("repeats", { command: ["sh", "-c", "read line; echo got $line"] });
    const stdout = new PassThrough();
    const stdin = new PassThrough();
    await new Attach(config).attach(namespace, "repeats", "c", stdout, null, stdin, false);
    stdin.write("words\n");
    expect(await text(stdout)).toBe("got words\n");
  });

  feature("copy (Cp)", async () => {
    // The quickstart image has no tar.
    const withTar = "docker.io/test/busybox:1";
    await writeTestImage(withTar, join(cli.home, "image.tar"));
    await cli.succeed("image", "load", join(cli.home, "image.tar"));
    await createReady("holds", { image: withTar });
    const [from, to] = [join(cli.home, "from"), join(cli.home, "to")];
    const content = "line\n".repeat(100_000);
    mkdirSync(from);
    mkdirSync(to);
    writeFileSync(join(from, "copied"), content);
    const copy = new Cp(config);
    await copy.cpToPod(namespace, "holds", "c", from, "/tmp");
    const read = async () => (await exec("holds", ["cat", "/tmp/copied"])).stdout;
    // Cp resolves as soon as it has begun.
    await eventually(async () => expect((await read()) === content).toBe(true));
    await copy.cpFromPod(namespace, "holds", "c", "copied", to, "/tmp");
    await eventually(async () => expect(readFileSync(join(to, "copied"), "utf8")).toBe(content));
  });

  feature("metrics, top of nodes and pods", async () => {
    const metrics = new Metrics(config);
    const { items } = await metrics.getNodeMetrics();
    expect(items.map(({ metadata }) => metadata.name)).toEqual([cli.profile]);
    expect(items[0]?.usage).toEqual({
      cpu: expect.stringMatching(/^\d+[num]?$/),
      memory: expect.stringMatching(/^\d+/),
    });
    const [web] = (await topPods(core, metrics, namespace)).filter(({ Pod }) => Pod.metadata?.name === "web");
    expect(web?.Containers.map(({ Container }) => Container)).toEqual(["c"]);
    expect(Number(web?.Memory.CurrentUsage)).toBeGreaterThan(0);
    const [node] = await topNodes(core);
    expect(Number(node?.Memory.Capacity)).toBeGreaterThan(0);
  });

  feature("port-forward", async () => {
    const output = new PassThrough();
    const input = new PassThrough();
    const socket = await new PortForward(config).portForward(namespace, "web", [8080], output, null, input);
    input.write("GET /cgi-bin/index.cgi HTTP/1.0\r\n\r\n");
    let answer = "";
    for await (const chunk of output) {
      answer += String(chunk);
      if (answer.includes("this is web\n")) break;
    }
    expect(answer).toMatch(/^HTTP\/1\.[01] 200 OK/);
    if ("close" in socket) socket.close();
  });

  feature("port-forward to a port where nobody listens", async () => {
    const problem = new PassThrough();
    const input = new PassThrough();
    const forward = new PortForward(config, false);
    await forward.portForward(namespace, "web", [9], new PassThrough(), problem, input);
    let message = "";
    for await (const chunk of problem) {
      message += String(chunk);
      if (message !== "") break;
    }
    expect(message).toContain("connection refused");
  });
});
