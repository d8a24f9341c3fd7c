/** What people do with kubectl, one entry a verb, for kubectl.test.ts to run with each version. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect } from "vitest";
import { eventually } from "../e2e/eventually.ts";
import type { KubectlVersion, MiniCli } from "../e2e/mini-cli.ts";

export const testImage = "docker.io/test/busybox:1";

/** One kubectl in a namespace of its own, in which the Deployment `web` of two pods and the pod `box` run. */
export class Kubectl {
  readonly cli: MiniCli;
  readonly version: KubectlVersion;
  readonly namespace: string;

  constructor(cli: MiniCli, version: KubectlVersion) {
    this.cli = cli;
    this.version = version;
    this.namespace = `verbs-${version}`;
  }

  run(words: string, input = ""): Promise<string> {
    return this.words(words.split(" "), input);
  }

  /** As `run`, for words with spaces in them. */
  words(words: readonly string[], input = ""): Promise<string> {
    return this.cli.kubectl(this.version, ["-n", this.namespace, ...words], input);
  }

  start(words: string, extra: { input?: string; env?: Record<string, string> } = {}) {
    return this.cli.startKubectl(this.version, ["-n", this.namespace, ...words.split(" ")], extra);
  }

  /** Runs it until a line matches, and then ends it. */
  async until(words: string, wanted: RegExp, meanwhile?: () => Promise<unknown>): Promise<string[]> {
    const running = this.start(words);
    const deadline = setTimeout(() => running.kill("SIGKILL"), 60_000);
    const lines: string[] = [];
    for await (const line of running) {
      lines.push(line);
      if (lines.length === 1) await meanwhile?.();
      if (wanted.test(line)) running.kill("SIGKILL");
    }
    clearTimeout(deadline);
    expect(lines.join("\n")).toMatch(wanted);
    return lines;
  }
}

const configMap = (name: string, data: Record<string, string>): string =>
  JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data });

const node = (k: Kubectl): string => k.cli.profile;

/** Waits for the address that a forwarding kubectl prints, asks it, and ends kubectl. */
async function askThrough(k: Kubectl, words: string, address: RegExp, path: string): Promise<string> {
  const running = k.start(words);
  for await (const line of running) {
    const found = line.match(address)?.[1];
    if (found === undefined) continue;
    const { stdout } = await execa("curl", ["-sf", "--max-time", "20", `http://127.0.0.1:${found}${path}`]);
    running.kill("SIGTERM");
    return stdout;
  }
  throw new Error(`kubectl ${words} ended`);
}

export const verbs: Readonly<Record<string, (k: Kubectl) => Promise<void>>> = {
  version: async (k) => expect(await k.run("version")).toContain("Server Version: v1.36"),
  "cluster-info": async (k) => expect(await k.run("cluster-info")).toContain("is running at"),
  "api-resources": async (k) => {
    expect(await k.run("api-resources")).toMatch(/deployments +deploy +apps\/v1 +true +Deployment/);
    expect(await k.run("api-versions")).toContain("rbac.authorization.k8s.io/v1");
  },
  explain: async (k) => {
    expect(await k.run("explain pod.spec.containers.livenessProbe")).toContain("initialDelaySeconds");
    expect(await k.run("explain deployment --recursive")).toContain("maxSurge");
  },
  create: async (k) => {
    expect(await k.run("create configmap made --from-literal=a=1")).toBe("configmap/made created");
    expect(await k.run("create secret generic made --from-literal=a=1")).toBe("secret/made created");
    expect(await k.run("create serviceaccount made")).toBe("serviceaccount/made created");
    expect(await k.run("create role made --verb=get --resource=pods")).toContain("created");
    expect(await k.run("create rolebinding made --role=made --serviceaccount=default:made")).toContain("created");
    expect(await k.run(`create job made --image=${testImage} -- true`)).toBe("job.batch/made created");
    expect(await k.words(["create", "cronjob", "made", `--image=${testImage}`, "--schedule=0 0 1 1 *"])).toContain(
      "created",
    );
    expect(await k.run("create service clusterip made --tcp=80:80")).toBe("service/made created");
    expect(await k.run("create ingress made --rule=made.test/*=made:80")).toContain("created");
    expect(await k.run("create quota made --hard=pods=100")).toContain("created");
    expect(await k.run("create poddisruptionbudget made --selector=app=none --min-available=1")).toContain("created");
    await expect(k.run("create configmap made")).rejects.toThrow("already exists");
  },
  "get, as a table, wide, sorted": async (k) => {
    expect(await k.run("get pods box")).toMatch(/NAME +READY +STATUS +RESTARTS +AGE\nbox +1\/1 +Running +0 +\d+/);
    expect(await k.run("get pods box -o wide")).toMatch(new RegExp(`box .* 10\\.\\S+ +${node(k)} +<none>`));
    expect(await k.run("get deployments,services")).toContain("deployment.apps/web");
    const sorted = await k.run("get configmaps --sort-by=.metadata.name -o name");
    expect(sorted.split("\n")).toEqual(sorted.split("\n").sort());
    expect(await k.run("get all -l app=web -o name")).toContain("replicaset.apps/web");
  },
  "get -o json, yaml, jsonpath, custom-columns": async (k) => {
    expect(JSON.parse(await k.run("get deployment web -o json")).spec.replicas).toBe(2);
    expect(await k.run("get deployment web -o yaml")).toContain("kind: Deployment");
    expect(await k.run("get pods -l app=web -o jsonpath={.items[*].spec.containers[0].name}")).toBe("busybox busybox");
    expect(await k.run("get deployment web -o custom-columns=N:.metadata.name,R:.spec.replicas")).toMatch(
      /N +R\nweb +2/,
    );
    expect(await k.run("get pods --field-selector=metadata.name=box -o name")).toBe("pod/box");
    expect(await k.run("get --raw /readyz")).toBe("ok");
  },
  "get -w": async (k) => {
    await k.run("create configmap watched");
    const lines = await k.until(
      "get configmap watched -w --output-watch-events --no-headers",
      /^DELETED/m,
      async () => {
        await k.run("annotate configmap watched a=b");
        await k.run("delete configmap watched");
      },
    );
    expect(lines.map((line) => line.split(/ +/)[0])).toEqual(["ADDED", "MODIFIED", "DELETED"]);
  },
  describe: async (k) => {
    expect(await k.run("describe pod box")).toMatch(/Status: +Running.*Events:.*Started/s);
    expect(await k.run("describe deployment web")).toContain("2 desired | 2 updated | 2 total");
    expect(await k.run(`describe node ${node(k)}`)).toContain("Allocated resources:");
  },
  apply: async (k) => {
    expect(await k.run("apply -f -", configMap("applied", { a: "1", b: "2" }))).toContain("created");
    expect(await k.run("apply -f -", configMap("applied", { a: "1", b: "2" }))).toContain("unchanged");
    expect(await k.run("apply -f -", configMap("applied", { a: "3" }))).toContain("configured");
    expect(JSON.parse(await k.run("get configmap applied -o jsonpath={.data}"))).toEqual({ a: "3" });
    const bad = JSON.stringify({ ...JSON.parse(configMap("applied", {})), nosuch: 1 });
    await expect(k.run("apply -f -", bad)).rejects.toThrow("unknown field");
  },
  "apply --server-side": async (k) => {
    const words = "apply --server-side -f -";
    expect(await k.run(words, configMap("owned", { a: "1", b: "2" }))).toContain("serverside-applied");
    expect(await k.run(words, configMap("owned", { a: "1" }))).toContain("serverside-applied");
    expect(JSON.parse(await k.run("get configmap owned -o jsonpath={.data}"))).toEqual({ a: "1" });
    await expect(k.run(`${words} --field-manager=other`, configMap("owned", { a: "2" }))).rejects.toThrow("conflict");
  },
  diff: async (k) => {
    await k.run("apply -f -", configMap("differing", { a: "1" }));
    expect(await k.run("diff -f -", configMap("differing", { a: "1" }))).toBe("");
    const { exitCode, stdout } = await k.start("diff -f -", { input: configMap("differing", { a: "2" }) });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/-\s+a: "1".*\+\s+a: "2"/s);
  },
  edit: async (k) => {
    await k.run("create configmap edited --from-literal=a=before");
    const editor = join(k.cli.home, "editor");
    writeFileSync(editor, '#!/bin/sh\nsed -i s/before/after/ "$1"\n', { mode: 0o755 });
    const { stdout } = await k.start("edit configmap edited", { env: { KUBE_EDITOR: editor } });
    expect(stdout).toContain("configmap/edited edited");
    expect(await k.run("get configmap edited -o jsonpath={.data.a}")).toBe("after");
  },
  "patch, three ways": async (k) => {
    const patch = (type: string, value: unknown) =>
      k.run(`patch deployment web --type=${type} -p ${JSON.stringify(value)}`);
    await patch("merge", { metadata: { labels: { merged: "yes" } } });
    await patch("json", [{ op: "add", path: "/metadata/labels/added", value: "yes" }]);
    const env = [{ name: "PATCHED", value: "yes" }];
    await patch("strategic", { spec: { template: { spec: { containers: [{ name: "busybox", env }] } } } });
    const container = JSON.parse(await k.run("get deployment web -o jsonpath={.spec.template.spec.containers[0]}"));
    expect(container).toMatchObject({ image: testImage, env });
    expect(JSON.parse(await k.run("get deployment web -o jsonpath={.metadata.labels}"))).toMatchObject({
      merged: "yes",
      added: "yes",
    });
    await k.run("rollout status deployment/web --timeout=90s");
  },
  replace: async (k) => {
    await k.run("create configmap replaced --from-literal=a=1");
    expect(await k.run("replace -f -", configMap("replaced", { b: "2" }))).toBe("configmap/replaced replaced");
  },
  scale: async (k) => {
    await k.run("scale deployment/web --replicas=3");
    await k.run("wait deployment/web --for=jsonpath={.status.readyReplicas}=3 --timeout=60s");
    await k.run("scale deployment/web --replicas=2 --current-replicas=3");
  },
  rollout: async (k) => {
    await k.run("set env deployment/web VERSION=2");
    await k.run("rollout status deployment/web --timeout=90s");
    expect(await k.run("rollout history deployment/web")).toContain("deployment.apps/web");
    await k.run("rollout undo deployment/web");
    await k.run("rollout restart deployment/web");
    await k.run("rollout pause deployment/web");
    await k.run("rollout resume deployment/web");
    await k.run("rollout status deployment/web --timeout=90s");
  },
  set: async (k) => {
    await k.run("create deployment settable --image=none --replicas=0");
    await k.run(`set image deployment/settable none=${testImage}`);
    await k.run("set resources deployment/settable --limits=memory=64Mi");
    expect(await k.run("get deployment settable -o jsonpath={..limits.memory}")).toBe("64Mi");
  },
  expose: async (k) => {
    expect(await k.run("expose deployment web --port=80 --target-port=8080 --name=exposed")).toContain("exposed");
    await eventually(async () => expect(await k.run("exec box -- wget -T 3 -qO- http://exposed")).toBe("hello"));
  },
  autoscale: async (k) => {
    expect(await k.run("autoscale deployment settable --max=3")).toContain("autoscaled");
    expect(await k.run("get hpa settable -o jsonpath={.spec.maxReplicas}")).toBe("3");
  },
  run: async (k) => {
    const words = `run once --image=${testImage} --restart=Never --rm -i --quiet -- cat`;
    expect(await k.run(words, "said\n")).toContain("said");
  },
  wait: async (k) => {
    await k.run("wait pod -l app=web --for=condition=Ready --timeout=60s");
    await k.run("wait deployment/web --for=condition=Available --timeout=60s");
    await expect(k.run("wait pod/box --for=delete --timeout=1s")).rejects.toThrow("timed out");
  },
  "label, annotate": async (k) => {
    expect(await k.run("label pod box tier=test")).toBe("pod/box labeled");
    await expect(k.run("label pod box tier=other")).rejects.toThrow("--overwrite");
    expect(await k.run("get pods -l tier=test -o name")).toBe("pod/box");
    expect(await k.run("label pod box tier-")).toBe("pod/box unlabeled");
    expect(await k.run("annotate pod box note=x")).toBe("pod/box annotated");
  },
  "taint, cordon, uncordon": async (k) => {
    expect(await k.run(`taint node ${node(k)} test=yes:PreferNoSchedule`)).toContain("tainted");
    expect(await k.run(`taint node ${node(k)} test-`)).toContain("untainted");
    expect(await k.run(`cordon ${node(k)}`)).toContain("cordoned");
    expect(await k.run(`get node ${node(k)}`)).toContain("SchedulingDisabled");
    expect(await k.run(`uncordon ${node(k)}`)).toContain("uncordoned");
  },
  "drain, of some pods": async (k) => {
    await k.run(`create deployment drained --image=${testImage}`);
    await k.run("rollout status deployment/drained --timeout=60s");
    const before = await k.run("get pods -l app=drained -o name");
    const words = `drain ${node(k)} --pod-selector=app=drained --ignore-daemonsets --delete-emptydir-data --timeout=60s`;
    expect(await k.run(words)).toContain("drained");
    await k.run(`uncordon ${node(k)}`);
    await k.run("rollout status deployment/drained --timeout=60s");
    expect(await k.run("get pods -l app=drained -o name")).not.toBe(before);
  },
  "auth can-i, whoami": async (k) => {
    expect(await k.run("auth can-i create pods")).toBe("yes");
    const { stdout } = await k.start(`auth can-i delete nodes --as=system:serviceaccount:${k.namespace}:default`);
    expect(stdout).toBe("no");
    expect(await k.run("auth can-i --list")).toMatch(/\*\.\* .*\[\*\]/);
    expect(await k.run("auth whoami")).toContain("system:masters");
  },
  "create token": async (k) => {
    const token = await k.run("create token default --duration=1h");
    const payload = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    expect(payload.sub).toBe(`system:serviceaccount:${k.namespace}:default`);
  },
  "logs -f": async (k) => {
    const script = "echo 1; until [ -e /tmp/go ]; do sleep 0.1; done; echo 2; echo 3";
    await k.words(["run", "counting", `--image=${testImage}`, "--restart=Never", "--", "sh", "-c", script]);
    await k.run("wait pod/counting --for=condition=Ready --timeout=60s");
    const lines: string[] = [];
    for await (const line of k.start("logs -f counting")) {
      lines.push(line);
      if (lines.length === 1) await k.run("exec counting -- touch /tmp/go");
    }
    expect(lines).toEqual(["1", "2", "3"]);
    expect(await k.run("logs counting --tail=1")).toBe("3");
    expect(await k.run("logs counting --timestamps --since=1h")).toMatch(/^\d{4}-\d\d-\d\dT\S+Z 1\n/);
  },
  exec: async (k) => {
    expect(await k.run("exec -i box -- cat", "through the pod\n")).toBe("through the pod");
    const long = "a".repeat(20_000);
    expect(await k.run(`exec box -- echo ${long}`)).toBe(long);
    const { exitCode, stderr } = await k.start("exec box -- ls /nosuch");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("No such file");
    const large = "0123456789abcdef".repeat(65_536);
    expect(await k.run("exec -i box -- md5sum", large)).toBe(await k.run("exec -i box -- md5sum", large));
    expect(await k.run("exec -i box -- wc -c", large)).toBe("1048576");
  },
  attach: async (k) => {
    await k.words(["run", "talking", `--image=${testImage}`, "--", "sh", "-c", "while sleep 0.3; do echo tick; done"]);
    await k.run("wait pod/talking --for=condition=Ready --timeout=60s");
    await k.until("attach talking", /tick/);
  },
  "attach -i, with input": async (k) => {
    const script = "read line; echo got $line";
    const words = ["run", "listening", `--image=${testImage}`, "--restart=Never", "--stdin", "--attach=false"];
    await k.words([...words, "--", "sh", "-c", script]);
    await k.run("wait pod/listening --for=condition=Ready --timeout=60s");
    expect(await k.run("attach -i listening", "words\n")).toContain("got words");
    await k.run("wait pod/listening --for=jsonpath={.status.phase}=Succeeded --timeout=60s");
  },
  cp: async (k) => {
    const [from, to] = [join(k.cli.home, `from-${k.version}`), join(k.cli.home, `to-${k.version}`)];
    const text = "line\n".repeat(100_000);
    writeFileSync(from, text);
    await k.run(`cp ${from} box:/tmp/copied`);
    await k.run(`cp box:/tmp/copied ${to}`);
    expect((await execa("cmp", [from, to])).exitCode).toBe(0);
  },
  "port-forward": async (k) => {
    const words = "port-forward deployment/web :8080";
    expect(await askThrough(k, words, /from 127\.0\.0\.1:(\d+)/, "/")).toBe("hello");
  },
  proxy: async (k) => {
    const answer = await askThrough(k, "proxy --port=0", /127\.0\.0\.1:(\d+)/, "/api/v1/namespaces/default");
    expect(JSON.parse(answer).metadata.name).toBe("default");
  },
  top: async (k) => {
    expect(await k.run("top nodes")).toMatch(new RegExp(`^${node(k)} +\\d+m +\\d+% +\\d+Mi +\\d+%`, "m"));
    // Containers of a few seconds have no figures yet.
    await eventually(async () => {
      expect(await k.run("top pod box --containers")).toMatch(/^box +box +\d+m +\d+Mi/m);
      const lines = (await k.run("top pods -l app=web --sort-by=cpu --no-headers")).split("\n");
      expect(lines).toHaveLength(2);
      for (const line of lines) expect(line).toMatch(/^web-\S+ +\d+m +\d+Mi/);
    });
    await expect(k.run("top pod nosuch")).rejects.toThrow("NotFound");
  },
  debug: async (k) => {
    const words = `debug box --image=${testImage} --container=looking --target=box --profile=general -- sleep 1000`;
    await k.run(words);
    await eventually(async () =>
      expect(await k.run("get pod box -o jsonpath={.status.ephemeralContainerStatuses[0].state}")).toContain("running"),
    );
    expect(await k.run("exec box -c looking -- ps")).toContain("httpd");
  },
  events: async (k) => {
    expect(await k.run("events --for pod/box")).toMatch(/Normal +Started +Pod\/box/);
    expect(await k.run("get events --field-selector=involvedObject.name=box")).toContain("Scheduled");
  },
  kustomize: async (k) => {
    const folder = join(k.cli.home, `kustomize-${k.version}`);
    await execa("mkdir", ["-p", folder]);
    writeFileSync(join(folder, "map.json"), configMap("kustomized", { a: "1" }));
    writeFileSync(join(folder, "kustomization.yaml"), "resources: [map.json]\nnamePrefix: pre-\n");
    expect(await k.run(`apply -k ${folder}`)).toBe("configmap/pre-kustomized created");
  },
  delete: async (k) => {
    await k.run("create configmap going --from-literal=a=1");
    expect(await k.run("delete configmap going")).toContain('configmap "going" deleted');
    expect(await k.run("delete configmap going --ignore-not-found")).toBe("");
    await expect(k.run("delete configmap going")).rejects.toThrow("NotFound");
    expect(await k.run("delete deployment drained --cascade=foreground --timeout=60s")).toContain("deleted");
    expect(await k.run("get replicasets,pods -l app=drained -o name")).toBe("");
    expect(await k.run("delete configmaps --all")).toContain("deleted");
  },
};
