/** kubectl, as scripts/build fetches it for `mini kubectl`, against the API server alone: what needs no node. */
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startForTest, type TestServer } from "../../src/apiserver/start-for-test.ts";
import { startExtensionServer } from "../../src/apiserver/testing/extension-server.ts";

const kubectlPath = join(import.meta.dirname, "../../.cache/kubectl/kubectl");
let server: TestServer;

async function kubectl(args: string, input?: string): Promise<string> {
  const env = { KUBECONFIG: server.kubeconfig, HOME: dirname(server.kubeconfig) };
  const { all } = await execa(kubectlPath, args.split(" "), {
    env,
    all: true,
    ...(input === undefined ? {} : { input }),
  });
  return all;
}

const deployment = (replicas: number): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
`;

const definition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: tabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: tabs, kind: Tab}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object}}
`;

describe("kubectl", () => {
  beforeAll(async () => {
    server = await startForTest();
  });
  afterAll(async () => {
    await server.stop();
  });

  it("discovers and explains", async () => {
    expect(await kubectl("version")).toContain("Server Version: v1.36");
    expect(await kubectl("api-resources")).toMatch(/deployments +deploy +apps\/v1 +true +Deployment/);
    expect(await kubectl("explain deployment.spec.strategy")).toContain("rollingUpdate");
    expect(await kubectl("auth can-i create pods")).toContain("yes");
  });

  it("lists an APIService of every group and version, those of custom resources as they come and go", async () => {
    const services = await kubectl("get apiservices");
    expect(services).toMatch(/^NAME +SERVICE +AVAILABLE +AGE$/m);
    expect(services).toMatch(/^v1\. +Local +True +/m);
    expect(services).toMatch(/^v2\.autoscaling +Local +True +/m);
    expect(services).not.toMatch(/Local +(False|Unknown)/);
    await kubectl("apply -f -", definition);
    await kubectl("wait --for=create apiservice/v1.stable.example.com");
    const labelled = "get apiservices -l kube-aggregator.kubernetes.io/automanaged=true";
    expect(await kubectl(labelled)).toMatch(/^v1\.stable\.example\.com +Local +True +/m);
    await kubectl("delete -f -", definition);
    await kubectl("wait --for=delete apiservice/v1.stable.example.com");
    expect(await kubectl(labelled)).toBe("No resources found");
  });

  it("explains what an extension API server serves", async () => {
    const extension = await startExtensionServer(server.pki);
    try {
      await kubectl("apply -f -", JSON.stringify(extension.service));
      await kubectl("apply -f -", JSON.stringify(extension.apiService));
      await kubectl("wait --for=condition=Available apiservice/v1.wardle.example.com");
      expect(await kubectl("get apiservices")).toMatch(/^v1\.wardle\.example\.com +default\/wardle +True +/m);
      expect(await kubectl("api-resources")).toMatch(/^flunders +wardle\.example\.com\/v1 +true +Flunder$/m);
      // Documents are asked for once the server is known to be available.
      await vi.waitFor(async () => expect(await kubectl("explain flunders")).toContain("a thing of the wardle"), {
        timeout: 30_000,
        interval: 500,
      });
      expect(await kubectl("explain flunders.reference")).toContain("What it refers to.");
    } finally {
      await kubectl("delete apiservice v1.wardle.example.com");
      await extension.close();
    }
  });

  it("creates with protobuf, gets, labels, patches, scales and deletes", async () => {
    expect(await kubectl("create deployment made --image=nginx --replicas=2")).toContain("created");
    expect(await kubectl("get deployments made -o wide")).toMatch(/made +0\/2 +0 +0 +\S+ +nginx +nginx +app=made/);
    await kubectl("label deployment made tier=front");
    await kubectl(
      'patch deployment made -p {"spec":{"template":{"spec":{"containers":[{"name":"nginx","image":"other"}]}}}}',
    );
    await kubectl("scale deployment made --replicas=5");
    const fields =
      "{.spec.replicas}/{.spec.template.spec.containers[0].image}/{.metadata.labels.tier}/{.metadata.generation}";
    expect(await kubectl(`get deployment made -o jsonpath=${fields}`)).toBe("5/other/front/3");
    expect(await kubectl("delete deployment made")).toContain("deleted");
    await expect(kubectl("get deployment made")).rejects.toThrow('deployments.apps "made" not found');
  });

  it("applies, and applies again", async () => {
    expect(await kubectl("apply -f -", deployment(1))).toContain("created");
    expect(await kubectl("apply -f -", deployment(1))).toContain("unchanged");
    expect(await kubectl("apply -f -", deployment(3))).toContain("configured");
    await expect(kubectl("apply -f -", deployment(3).replace("image:", "imgae:"))).rejects.toThrow("unknown field");
    expect(await kubectl("delete -f -", deployment(3))).toContain("deleted");
  });

  it("watches", async () => {
    await kubectl("create configmap watched --from-literal=a=1");
    const watching = execa(kubectlPath, ["get", "configmaps", "--watch", "-o", "name"], {
      env: { KUBECONFIG: server.kubeconfig, HOME: join(dirname(server.kubeconfig), "watch") },
      reject: false,
    });
    const lines: string[] = [];
    for await (const line of watching) {
      lines.push(line);
      // The first line is the state; the others are what we do from then on.
      if (lines.length === 1) {
        await kubectl('patch configmap watched --type=merge -p {"data":{"a":"2"}}');
        await kubectl("delete configmap watched");
      }
      if (lines.length === 3) watching.kill("SIGKILL");
    }
    expect(lines).toEqual(["configmap/watched", "configmap/watched", "configmap/watched"]);
  });
});
