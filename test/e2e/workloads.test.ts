/** What pods and Deployments do on a real node: configuration, volumes, probes, restarts, limits, roll-outs. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "./eventually.ts";
import { MiniCli } from "./mini-cli.ts";
import { writeTestImage } from "./test-image.ts";

const cli = new MiniCli("wkl");
const image = "docker.io/test/busybox:1";
const kubectl = (...words: string[]) => cli.kubectl("newest", words);
const jsonpath = (object: string, path: string) => kubectl("get", ...object.split(" "), "-o", `jsonpath={${path}}`);
const apply = (object: unknown) => cli.kubectl("newest", ["apply", "-f", "-"], JSON.stringify(object));
const waitFor = (object: string, condition: string, seconds = 60) =>
  kubectl("wait", ...object.split(" "), `--for=${condition}`, `--timeout=${seconds}s`);

interface PodOptions {
  readonly spec?: Record<string, unknown>;
  readonly labels?: Record<string, string>;
}

/** A pod that runs a shell script in its one container `main`; `container` and `spec` add fields. */
function pod(name: string, script: string, container: Record<string, unknown> = {}, options: PodOptions = {}): unknown {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: options.labels ?? {} },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "main", image, command: ["sh", "-c", script], ...container }],
      ...options.spec,
    },
  };
}

beforeAll(async () => {
  const archive = join(cli.home, "image.tar");
  await writeTestImage(image, archive);
  await cli.succeed("start", "--driver=runc", "--wait=all");
  await cli.succeed("image", "load", archive);
});
afterAll(() => cli.cleanUp());

describe("configuration and volumes", () => {
  it("gives ConfigMaps and Secrets as environment and files, and files follow changes", async () => {
    await kubectl("create", "configmap", "settings", "--from-literal=color=blue");
    await kubectl("create", "secret", "generic", "keys", "--from-literal=password=hunter2");
    await apply(
      pod(
        "configured",
        "sleep 100000",
        {
          envFrom: [{ configMapRef: { name: "settings" } }, { secretRef: { name: "keys", optional: false } }],
          env: [
            { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
            { name: "ALL", value: "$(color) on $(NODE)" },
          ],
          volumeMounts: [
            { name: "settings", mountPath: "/settings" },
            { name: "keys", mountPath: "/keys", readOnly: true },
          ],
        },
        {
          spec: {
            volumes: [
              { name: "settings", configMap: { name: "settings" } },
              { name: "keys", secret: { secretName: "keys", defaultMode: 0o400 } },
            ],
          },
        },
      ),
    );
    await waitFor("pod/configured", "condition=Ready");
    const inPod = (script: string) => kubectl("exec", "configured", "--", "sh", "-c", script);
    expect(
      await inPod("echo $color $password; echo $ALL; cat /settings/color /keys/password; stat -Lc %a /keys/password"),
    ).toBe(`blue hunter2\nblue on ${cli.profile}\nbluehunter2400`);
    await kubectl("patch", "configmap", "settings", "--type=merge", "-p", '{"data":{"color":"green","size":"big"}}');
    await kubectl("patch", "secret", "keys", "--type=merge", "-p", '{"stringData":{"password":"new"}}');
    await eventually(async () =>
      expect(await inPod("cat /settings/color /settings/size /keys/password; echo; echo $color")).toBe(
        "greenbignew\nblue",
      ),
    );
  });

  it("waits for a ConfigMap that does not exist yet", async () => {
    await apply(pod("early", "sleep 100000", { envFrom: [{ configMapRef: { name: "late" } }] }));
    await eventually(async () =>
      expect(await jsonpath("pod/early", ".status.containerStatuses[0].state.waiting.reason")).toBe(
        "CreateContainerConfigError",
      ),
    );
    await kubectl("create", "configmap", "late", "--from-literal=a=b");
    await waitFor("pod/early", "condition=Ready");
  });

  it("shares an emptyDir between containers, after the init containers", async () => {
    const volumeMounts = [{ name: "shared", mountPath: "/shared" }];
    await apply(
      pod(
        "sharing",
        "until [ -e /shared/two ]; do sleep 0.1; done; cat /shared/*; df /shared | grep -c tmpfs",
        { volumeMounts },
        {
          spec: {
            restartPolicy: "Never",
            initContainers: [{ name: "first", image, command: ["sh", "-c", "echo init > /shared/one"], volumeMounts }],
            containers: [
              {
                ...{ name: "main", image, volumeMounts },
                command: [
                  "sh",
                  "-c",
                  "until [ -e /shared/two ]; do sleep 0.1; done; cat /shared/*; grep -c '/shared tmpfs' /proc/mounts",
                ],
              },
              {
                name: "other",
                image,
                // Renamed when it is whole, as the other looks at any moment.
                command: ["sh", "-c", "cat /shared/one && echo other > /shared/.two && mv /shared/.two /shared/two"],
                volumeMounts,
              },
            ],
            volumes: [{ name: "shared", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } }],
          },
        },
      ),
    );
    await waitFor("pod/sharing", "jsonpath={.status.phase}=Succeeded");
    expect(await kubectl("logs", "sharing", "-c", "main")).toBe("init\nother\n1");
  });

  it("gives parts of volumes, whatever a container makes of the folders there", async () => {
    // Exchanges a folder of the volume for a link to the node's root, for as long as the pod runs.
    const exchange =
      "cd /v; mkdir -p data/etc; ln -s / link; while true; do mv -T data aside; mv -T link data; mv -T data link; mv -T aside data; done";
    const look = "ls /part; [ ! -e /part/usr ] && [ ! -e /part/passwd ] || echo stolen";
    const victim = (name: string, subPath: string) => ({
      ...{ name, image, command: ["sh", "-c", look] },
      volumeMounts: [{ name: "v", mountPath: "/part", subPath }],
    });
    const victims = ["one", "two", "three", "four"].map((name, index) => victim(name, index % 2 ? "data/etc" : "data"));
    const attacker = {
      name: "main",
      image,
      command: ["sh", "-c", exchange],
      volumeMounts: [{ name: "v", mountPath: "/v" }],
    };
    const whole = { ...victim("whole", "kept/part"), command: ["sh", "-c", "echo here > /part/file; sleep 100000"] };
    const volumes = [{ name: "v", emptyDir: {} }];
    await apply(pod("parts", "", {}, { spec: { containers: [attacker, whole, ...victims], volumes } }));
    const statuses = async () =>
      JSON.parse(await kubectl("get", "pod", "parts", "-o", "json")).status.containerStatuses ?? [];
    interface Status {
      readonly name: string;
      readonly restartCount: number;
    }
    await eventually(async () => {
      const restarts = ((await statuses()) as Status[]).map(({ restartCount }) => restartCount);
      expect(restarts.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(3);
    });
    for (const { name, restartCount } of (await statuses()) as Status[]) {
      if (name === "main" || name === "whole") continue;
      const logs = await kubectl("logs", "parts", "-c", name, ...(restartCount > 0 ? ["--previous"] : []));
      expect(logs, name).not.toContain("stolen");
    }
    expect(await kubectl("exec", "parts", "-c", "main", "--", "cat", "/v/kept/part/file")).toBe("here");
    await kubectl("delete", "pod", "parts", "--now");
    await eventually(async () =>
      expect(await cli.succeed("ssh", "grep -c volume-subpaths /proc/self/mountinfo || true")).toMatch(/^0\b/),
    );
  });
});

describe("restarts and probes", () => {
  it.each([
    { policy: "Never", exit: 0, phase: "Succeeded", reason: "Completed" },
    { policy: "Never", exit: 4, phase: "Failed", reason: "Error" },
    { policy: "OnFailure", exit: 0, phase: "Succeeded", reason: "Completed" },
  ])("ends a pod of restart policy $policy that exits with $exit", async ({ policy, exit, phase, reason }) => {
    const name = `ends-${policy.toLowerCase()}-${exit}`;
    await apply(pod(name, `exit ${exit}`, {}, { spec: { restartPolicy: policy } }));
    await waitFor(`pod/${name}`, `jsonpath={.status.phase}=${phase}`);
    const terminated = JSON.parse(await jsonpath(`pod/${name}`, ".status.containerStatuses[0].state.terminated"));
    expect(terminated).toMatchObject({ exitCode: exit, reason });
  });

  it("starts a failing container again with back-off, and keeps the log of the run before", async () => {
    await apply(pod("crashing", "echo run $(cat /proc/uptime); exit 3"));
    // Of one moment: the container is started again after ten seconds.
    const backOff = "jsonpath={.status.containerStatuses[0].state.waiting.reason}=CrashLoopBackOff";
    const waited = await kubectl("wait", "pod/crashing", `--for=${backOff}`, "--timeout=60s", "-o", "json");
    const [status] = JSON.parse(waited).status.containerStatuses;
    expect(status.lastState.terminated).toMatchObject({ exitCode: 3, reason: "Error" });
    expect(status.restartCount).toBeGreaterThanOrEqual(1);
    expect(status.state.waiting.message).toMatch(/^back-off 10s restarting failed container=main pod=crashing_default/);
    expect(await kubectl("logs", "crashing", "--previous")).toContain("run ");
    await eventually(async () => {
      expect(await kubectl("get", "pod", "crashing", "--no-headers")).toMatch(/0\/1 +CrashLoopBackOff +\d+/);
      expect(await kubectl("events", "--for", "pod/crashing")).toContain("BackOff");
    });
  });

  it("restarts a container whose liveness probe fails", async () => {
    const command = ["test", "-e", "/tmp/alive"];
    const livenessProbe = { exec: { command }, initialDelaySeconds: 1, periodSeconds: 1, failureThreshold: 1 };
    const volumeMounts = [{ name: "kept", mountPath: "/kept" }];
    const dieOnce = "touch /tmp/alive; if mkdir /kept/died; then sleep 2; rm /tmp/alive; fi; sleep 100000";
    const spec = { volumes: [{ name: "kept", emptyDir: {} }] };
    await apply(pod("dying", dieOnce, { livenessProbe, volumeMounts }, { spec }));
    await waitFor("pod/dying", "jsonpath={.status.containerStatuses[0].restartCount}=1");
    await eventually(async () => expect(await kubectl("events", "--for", "pod/dying")).toContain("Unhealthy"));
  });

  it("sends traffic only to pods whose readiness probe succeeds", async () => {
    const readinessProbe = { exec: { command: ["test", "-e", "/tmp/ready"] }, periodSeconds: 1 };
    await apply(pod("turning", "sleep 100000", { readinessProbe }, { labels: { app: "turning" } }));
    await kubectl("expose", "pod", "turning", "--port=80");
    await waitFor("pod/turning", "jsonpath={.status.phase}=Running");
    const ready = () =>
      jsonpath("endpointslices -l kubernetes.io/service-name=turning", ".items[*].endpoints[*].conditions.ready");
    await eventually(async () => expect(await ready()).toBe("false"));
    await kubectl("exec", "turning", "--", "touch", "/tmp/ready");
    await waitFor("pod/turning", "condition=Ready");
    await eventually(async () => expect(await ready()).toBe("true"));
    await kubectl("exec", "turning", "--", "rm", "/tmp/ready");
    await waitFor("pod/turning", "condition=Ready=false");
  });
});

describe("resource limits", () => {
  it("ends a container that takes more memory than its limit", async () => {
    await apply(
      pod(
        "greedy",
        "tail /dev/zero",
        { resources: { limits: { memory: "32Mi" } } },
        { spec: { restartPolicy: "Never" } },
      ),
    );
    await waitFor("pod/greedy", "jsonpath={.status.phase}=Failed");
    const terminated = JSON.parse(await jsonpath("pod/greedy", ".status.containerStatuses[0].state.terminated"));
    expect(terminated).toMatchObject({ reason: "OOMKilled", exitCode: 137 });
  });

  it("evicts pods that write more to the node's disk than they may", async () => {
    const limits = { "ephemeral-storage": "1Mi" };
    await apply(pod("wide", "head -c 3000000 /dev/zero > /file; sleep 100000", { resources: { limits } }));
    await apply(
      pod(
        "deep",
        "head -c 3000000 /dev/zero > /scratch/file; sleep 100000",
        { volumeMounts: [{ name: "scratch", mountPath: "/scratch" }] },
        { spec: { volumes: [{ name: "scratch", emptyDir: { sizeLimit: "1Mi" } }] } },
      ),
    );
    for (const name of ["wide", "deep"]) await waitFor(`pod/${name}`, "jsonpath={.status.reason}=Evicted");
    expect(JSON.parse(await jsonpath("pod/wide", ".status"))).toMatchObject({
      phase: "Failed",
      message: "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ",
    });
    expect(JSON.parse(await jsonpath("pod/deep", ".status"))).toMatchObject({
      phase: "Failed",
      message: 'Usage of EmptyDir volume "scratch" exceeds the limit "1Mi". ',
    });
  });

  it("leaves a pod pending that asks for more than the node has", async () => {
    await apply(pod("huge", "sleep 1", { resources: { requests: { cpu: "100" } } }));
    await waitFor("pod/huge", "condition=PodScheduled=false");
    await eventually(async () =>
      expect(await kubectl("describe", "pod", "huge")).toMatch(
        /FailedScheduling .* 0\/1 nodes are available: 1 Insufficient cpu/,
      ),
    );
  });
});

describe("a deployment", () => {
  const deployment = (version: string): unknown => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: "web" } },
      strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: "web",
              image,
              env: [{ name: "VERSION", value: version }],
              command: ["sh", "-c", "mkdir /www; echo $VERSION > /www/index.html; exec httpd -f -p 8080 -h /www"],
              readinessProbe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 },
            },
          ],
        },
      },
    },
  });
  const rolledOut = () => kubectl("rollout", "status", "deployment/web", "--timeout=120s");
  const versions = () =>
    jsonpath("pods -l app=web --field-selector=status.phase=Running", ".items[*].spec.containers[0].env[0].value");

  it("rolls out a change pod by pod while it answers, and back again", async () => {
    await apply(deployment("one"));
    await kubectl("expose", "deployment", "web", "--port=80", "--target-port=8080");
    await rolledOut();
    await apply(pod("asking", "while sleep 0.1; do wget -T 2 -qO- http://web || echo failed; done"));
    await eventually(async () => expect(await kubectl("logs", "asking")).toContain("one"));
    await apply(deployment("two"));
    await rolledOut();
    expect((await versions()).split(" ").filter((version) => version === "two")).toHaveLength(3);
    await eventually(async () => expect(await kubectl("logs", "asking", "--tail=1")).toBe("two"));
    expect(await kubectl("rollout", "history", "deployment/web")).toMatch(/1 +<none>\n2 +<none>/);
    await kubectl("rollout", "undo", "deployment/web");
    await rolledOut();
    await eventually(async () => expect(await kubectl("logs", "asking", "--tail=1")).toBe("one"));
    expect(await jsonpath("replicasets -l app=web", ".items[*].spec.replicas")).toMatch(/^(3 0|0 3)$/);
  });

  it("makes up for pods that are deleted, and scales", async () => {
    await kubectl("delete", "pods", "-l", "app=web", "--wait=false");
    await waitFor("deployment/web", "jsonpath={.status.readyReplicas}=3");
    await kubectl("scale", "deployment/web", "--replicas=1");
    await waitFor("deployment/web", "jsonpath={.status.replicas}=1");
  });
});

describe("an autoscaler", () => {
  const busy = {
    ...{ name: "main", image, command: ["sh", "-c", "while :; do :; done"] },
    resources: { requests: { cpu: "50m" }, limits: { cpu: "100m" } },
  };

  it("sizes a deployment by the CPU that its pods use", async () => {
    const labels = { app: "busy" };
    const template = { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [busy] } };
    const spec = { replicas: 1, selector: { matchLabels: labels }, template };
    await apply({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "busy" }, spec });
    await kubectl("rollout", "status", "deployment/busy", "--timeout=60s");
    await kubectl("autoscale", "deployment", "busy", "--cpu=80%", "--max=2");
    await waitFor("hpa/busy", "jsonpath={.status.desiredReplicas}=2", 240);
    await waitFor("deployment/busy", "jsonpath={.status.readyReplicas}=2");
    expect(await kubectl("top", "pods", "-l", "app=busy")).toMatch(/busy-\S+ +\d{2,3}m /);
    const described = await kubectl("describe", "hpa", "busy");
    expect(described).toMatch(/resource cpu on pods +\(as a percentage of request\): +\d+% \(\d+m\) \/ 80%/);
    expect(described).toContain("New size: 2; reason: cpu resource utilization (percentage of request) above target");
    await kubectl("delete", "hpa/busy", "deployment/busy");
  });
});

describe("a namespace", () => {
  it("takes everything in it along when it is deleted", async () => {
    await kubectl("create", "namespace", "leaving");
    await kubectl("-n", "leaving", "create", "deployment", "app", `--image=${image}`, "--replicas=2");
    await kubectl("-n", "leaving", "create", "configmap", "data", "--from-literal=a=b");
    await kubectl("-n", "leaving", "rollout", "status", "deployment/app", "--timeout=60s");
    await kubectl("delete", "namespace", "leaving", "--timeout=90s");
    expect((await cli.tryKubectl("newest", ["get", "namespace", "leaving"])).stderr).toContain("NotFound");
    expect(await kubectl("get", "pods", "-A", "--field-selector=metadata.namespace=leaving", "-o", "name")).toBe("");
    await kubectl("create", "namespace", "leaving");
    await eventually(async () =>
      expect(await kubectl("-n", "leaving", "get", "all,configmaps", "-o", "name")).toBe("configmap/kube-root-ca.crt"),
    );
  });
});
