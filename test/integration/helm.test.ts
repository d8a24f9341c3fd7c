/** Helm against a cluster: the life of a release of test/integration/chart, which has hooks, a CRD and a Job. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { MiniCli } from "../e2e/mini-cli.ts";
import { compatibilityOf } from "./compatibility.ts";
import { HelmCli } from "./helm-cli.ts";

const chart = join(import.meta.dirname, "chart");

// Each test takes the release on from where the one before left it.
describe("Helm", () => {
  const cli = new MiniCli("helm");
  let helm: HelmCli;
  let version = "";
  const kubectl = (...words: string[]) => cli.kubectl("newest", words);
  const feature = compatibilityOf("Helm", () => version);
  const waiting = ["--wait", "--wait-for-jobs", "--timeout=100s"];
  const jobs = async (): Promise<Record<string, string>> => {
    const { items } = JSON.parse(await kubectl("get", "jobs", "-o", "json")) as {
      items: { metadata: { name: string }; status: { conditions?: { type: string; status: string }[] } }[];
    };
    return Object.fromEntries(
      items.map(({ metadata, status }) => [
        metadata.name,
        status.conditions?.find((condition) => condition.type === "Complete")?.status ?? "",
      ]),
    );
  };
  const fieldOf = (what: string, path: string) => kubectl("get", what, "-o", `jsonpath={${path}}`);

  beforeAll(async () => {
    helm = await HelmCli.create(cli);
    version = (await helm.helm("version", "--template={{.Version}}")).replace(/^v/, "");
    await cli.succeed("start", "--driver=runc", "--wait=all");
  });
  afterAll(() => cli.cleanUp());

  feature("template --dry-run=server", async () => {
    // Before the CRD is there, the server says that it does not know the kind.
    const { exitCode, stderr } = await helm.tryHelm("template", "web", chart, "--dry-run=server", "--skip-crds");
    expect(stderr).toContain('no matches for kind "Greeting" in version "helm.mini.test/v1"');
    expect(exitCode).toBe(1);
  });

  feature("install with a CRD, hooks and a Job", async () => {
    await helm.helm("install", "web", chart, ...waiting);
    expect(await jobs()).toEqual({ "web-pre-install": "True", "web-revision-1": "True", "web-post-install": "True" });
    expect(await fieldOf("greeting/web", ".spec")).toBe('{"loudness":5,"text":"Hello"}');
    expect(await fieldOf("deployment/web", ".status.readyReplicas")).toBe("1");
    expect(await kubectl("get", "configmaps", "-o", "name")).not.toContain("web-temporary");
    expect(await helm.tryHelm("install", "web", chart)).toMatchObject({ exitCode: 1 });
  });

  feature("list, status, get manifest", async () => {
    const [release] = JSON.parse(await helm.helm("list", "-o", "json"));
    expect(release).toMatchObject({ name: "web", revision: "1", status: "deployed", chart: "greeter-1.0.0" });
    expect(await helm.helm("status", "web", "-o", "json")).toContain('"status":"deployed"');
    expect(await helm.helm("get", "manifest", "web")).toContain("kind: Greeting");
  });

  feature("upgrade --wait", async () => {
    await helm.helm("upgrade", "web", chart, "--set=greeting=Servus,replicas=2", ...waiting);
    expect(await fieldOf("configmap/web", ".data.greeting")).toBe("Servus");
    expect(await fieldOf("greeting/web", ".spec.text")).toBe("Servus");
    expect(await fieldOf("deployment/web", ".status.updatedReplicas")).toBe("2");
    const names = ["web-pre-install", "web-post-install", "web-pre-upgrade", "web-revision-2", "web-post-upgrade"];
    expect(await jobs()).toEqual(Object.fromEntries(names.map((name) => [name, "True"])));
  });

  feature("test --logs", async () => {
    expect(await helm.helm("test", "web", "--logs", "--timeout=60s")).toMatch(
      /Phase: +Succeeded[\s\S]*Servus, this is web-/,
    );
  });

  feature("upgrade that the server refuses, --rollback-on-failure", async () => {
    const failed = await helm.tryHelm(
      "upgrade",
      "web",
      chart,
      "--set=greeting=,replicas=3",
      "--rollback-on-failure",
      ...waiting,
    );
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain("Greeting.helm.mini.test");
    expect(await fieldOf("configmap/web", ".data.greeting")).toBe("Servus");
    expect(await fieldOf("deployment/web", ".spec.replicas")).toBe("2");
  });

  feature("rollback", async () => {
    await helm.helm("rollback", "web", "1", ...waiting);
    expect(await fieldOf("configmap/web", ".data.greeting")).toBe("Hello");
    expect(await fieldOf("greeting/web", ".spec.text")).toBe("Hello");
    expect(await fieldOf("deployment/web", ".spec.replicas")).toBe("1");
    expect(await jobs()).toMatchObject({ "web-pre-rollback": "True", "web-post-rollback": "True" });
    const history = JSON.parse(await helm.helm("history", "web", "-o", "json")) as { status: string }[];
    expect(history.at(-1)).toMatchObject({ status: "deployed", description: "Rollback to 1" });
  });

  feature("uninstall --cascade=foreground", async () => {
    // Without --wait: Helm 4.1 takes what its watch has not listed yet for gone already, and if it then still hears of
    // an object that waits for its finalizer, it fails at once ("still exists").
    await helm.helm("uninstall", "web", "--cascade=foreground", "--timeout=100s");
    for (const object of ["deployment/web", "service/web", "configmap/web", "greeting/web"]) {
      await kubectl("wait", object, "--for=delete", "--timeout=60s");
    }
    const kinds = "deployments,replicasets,services,configmaps,greetings";
    expect((await kubectl("get", kinds, "-o", "name")).split("\n").sort()).toEqual([
      "configmap/kube-root-ca.crt",
      "service/kubernetes",
    ]);
    expect(await kubectl("get", "pods", "-l", "app=web", "-o", "name")).toBe("");
    expect(await jobs()).toMatchObject({ "web-pre-delete": "True" });
    // Hooks and CRDs are not the release's.
    expect(await kubectl("get", "crd", "greetings.helm.mini.test", "-o", "name")).toContain("greetings");
    expect(JSON.parse(await helm.helm("list", "--all-namespaces", "-o", "json"))).toEqual([]);
  });
});
