import { beforeEach, describe, expect, it } from "vitest";
import { builtInKinds } from "../../kinds/index.ts";
import { FakeClock } from "../../lib/fake-clock.ts";
import { createLogger } from "../../lib/log.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { FakeObjects } from "../testing/fake-objects.ts";
import { Registration } from "./registration.ts";

const group = "apiregistration.k8s.io";
const plural = "apiservices";
const label = "kube-aggregator.kubernetes.io/automanaged";

class FailingObjects extends FakeObjects {
  failures = 0;
  override async create(...args: Parameters<FakeObjects["create"]>): Promise<UnknownObject> {
    if (this.failures-- > 0) throw new Error("no space left on device");
    return super.create(...args);
  }
}

describe("APIServices of what is served here", () => {
  let clock: FakeClock;
  let objects: FailingObjects;
  let registration: Registration;

  const start = async (): Promise<void> => {
    registration = new Registration({
      reader: objects,
      writer: objects,
      clock,
      log: createLogger("test", () => undefined),
    });
    await registration.start();
  };
  const settle = (): Promise<void> => clock.advance(0);
  const find = (name: string) => objects.get<UnknownObject>(group, plural, "", name);
  const put = (name: string, managed: string | undefined, spec: object, status = {}): void =>
    objects.put(group, plural, {
      metadata: { name, uid: "1", ...(managed === undefined ? {} : { labels: { [label]: managed } }) },
      spec,
      status,
    });
  const define = (name: string, versions: Record<string, boolean>): void =>
    objects.put("apiextensions.k8s.io", "customresourcedefinitions", {
      metadata: { name },
      spec: {
        group: "example.com",
        versions: Object.entries(versions).map(([version, served]) => ({ name: version, served })),
      },
    });
  const undefine = (name: string): void =>
    objects.remove("apiextensions.k8s.io", "customresourcedefinitions", "", name);

  beforeEach(async () => {
    clock = new FakeClock();
    objects = new FailingObjects();
    await start();
  });

  it("are there for each version of a built-in group but the aggregator's own, with upstream's priorities", () => {
    const names = new Set(builtInKinds.map((kind) => `${kind.version}.${kind.group}`));
    names.delete("v1.apiregistration.k8s.io");
    names.add("v1beta1.metrics.k8s.io");
    expect(new Set(objects.list<UnknownObject>(group, plural).map(({ metadata }) => metadata?.name))).toEqual(names);
    expect(find("v1.")).toEqual({
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: "v1.", labels: { [label]: "onstart" } },
      spec: { version: "v1", groupPriorityMinimum: 18000, versionPriority: 1 },
    });
    expect(find("v2.autoscaling")?.["spec"]).toEqual({
      group: "autoscaling",
      version: "v2",
      groupPriorityMinimum: 17500,
      versionPriority: 30,
    });
  });

  it("are left alone until the next start, which puts them back", async () => {
    objects.remove(group, plural, "", "v1.apps");
    put("v1.batch", "onstart", { group: "batch", version: "v1", groupPriorityMinimum: 1, versionPriority: 1 });
    put("v1.policy", undefined, { group: "policy", version: "v1", groupPriorityMinimum: 1, versionPriority: 1 });
    put("v0.gone.k8s.io", "onstart", { group: "gone.k8s.io", version: "v0" });
    await settle();
    expect(find("v1.apps")).toBeUndefined();
    expect(find("v1.batch")).toMatchObject({ spec: { versionPriority: 1 } });
    expect(find("v0.gone.k8s.io")).toBeDefined();
    registration.close();
    await start();
    expect(find("v1.apps")).toBeDefined();
    expect(find("v1.batch")).toMatchObject({ spec: { versionPriority: 15 } });
    expect(find("v1.policy")).toMatchObject({ spec: { versionPriority: 1 } });
    expect(find("v0.gone.k8s.io")).toBeUndefined();
  });

  it("keep the Service that somebody gave the resource metrics API", async () => {
    const service = { name: "metrics-server", namespace: "kube-system" };
    const spec = { group: "metrics.k8s.io", version: "v1beta1", service };
    put("v1beta1.metrics.k8s.io", "onstart", spec);
    registration.close();
    await start();
    expect(find("v1beta1.metrics.k8s.io")).toMatchObject({ spec });
  });

  it("come and go with the served versions of custom resources", async () => {
    define("a", { v1: true, v2: false });
    define("b", { v1: true });
    await settle();
    expect(find("v1.example.com")).toMatchObject({
      metadata: { labels: { [label]: "true" } },
      spec: { group: "example.com", version: "v1", groupPriorityMinimum: 1000, versionPriority: 100 },
    });
    expect(find("v2.example.com")).toBeUndefined();
    define("a", { v1: true, v2: true });
    undefine("b");
    await settle();
    expect(find("v2.example.com")).toBeDefined();
    expect(find("v1.example.com")).toBeDefined();
    define("a", { v1: false, v2: true });
    await settle();
    expect(find("v1.example.com")).toBeUndefined();
    undefine("a");
    await settle();
    expect(find("v2.example.com")).toBeUndefined();
  });

  it("of custom resources come back at once, as they were, unless the owner took the label away", async () => {
    define("a", { v1: true });
    await settle();
    objects.remove(group, plural, "", "v1.example.com");
    await settle();
    expect(find("v1.example.com")).toBeDefined();
    const service = { name: "mine", namespace: "default" };
    put("v1.example.com", "true", { group: "example.com", version: "v1", service });
    await settle();
    expect(find("v1.example.com")).not.toHaveProperty("spec.service");
    put("v1.example.com", undefined, { group: "example.com", version: "v1", service });
    await settle();
    expect(find("v1.example.com")).toHaveProperty("spec.service");
  });

  it("that were kept for what is served no longer go away", async () => {
    put("v1.old.example.com", "true", { group: "old.example.com", version: "v1" });
    await settle();
    expect(find("v1.old.example.com")).toBeUndefined();
  });

  it("are tried again where they could not be written", async () => {
    define("a", { v1: true });
    await settle();
    objects.failures = 2;
    objects.remove(group, plural, "", "v1.example.com");
    await settle();
    await clock.advance(1_000);
    expect(find("v1.example.com")).toBeUndefined();
    await clock.advance(2_000);
    expect(find("v1.example.com")).toBeDefined();
  });

  it("are missing until they have been available once, or are a Service's", () => {
    expect(registration.missing()).toContain("v1.apps");
    const status = { conditions: [{ type: "Available", status: "True" }] };
    for (const { metadata, ...object } of objects.list<UnknownObject>(group, plural)) {
      put(metadata?.name ?? "", "onstart", object["spec"] as object, status);
    }
    put("v1.apps", "onstart", { service: { name: "mine", namespace: "default" } });
    expect(registration.missing()).toEqual([]);
    objects.remove(group, plural, "", "v1.apps");
    expect(registration.missing()).toEqual([]);
  });
});
