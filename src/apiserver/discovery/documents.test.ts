import { describe, expect, it } from "vitest";
import { builtInKinds } from "../../kinds/index.ts";
import type { KindDefinition } from "../../machinery/kind.ts";
import type { ResourceRegistry } from "../registry/resources.ts";
import { groupVersions } from "./documents.ts";

const widget = (group: string, version: string): KindDefinition =>
  ({ ...builtInKinds[0], group, version, kind: "Widget", plural: "widgets" }) as KindDefinition;
const registry = (...kinds: KindDefinition[]): ResourceRegistry =>
  ({ all: () => [...builtInKinds, ...kinds].map((kind) => ({ kind })) }) as unknown as ResourceRegistry;
const remote = (group: string, version: string, groupPriority: number, versionPriority = 10) => ({
  group,
  version,
  groupPriority,
  versionPriority,
  resources: [],
});

describe("groups and versions in discovery", () => {
  it("come in upstream's order, those of extension servers and custom resources by their priority", () => {
    const groups = groupVersions(registry(widget("b.example.com", "v1"), widget("a.example.com", "v1")), [
      remote("low.example.com", "v1", 100),
      remote("high.example.com", "v1", 2000),
    ]);
    expect(groups.map(({ group }) => group)).toEqual([
      "apiregistration.k8s.io",
      "",
      "apps",
      "events.k8s.io",
      "authentication.k8s.io",
      "authorization.k8s.io",
      "autoscaling",
      "batch",
      "certificates.k8s.io",
      "networking.k8s.io",
      "policy",
      "rbac.authorization.k8s.io",
      "storage.k8s.io",
      "admissionregistration.k8s.io",
      "apiextensions.k8s.io",
      "scheduling.k8s.io",
      "coordination.k8s.io",
      "node.k8s.io",
      "discovery.k8s.io",
      "resource.k8s.io",
      "flowcontrol.apiserver.k8s.io",
      "high.example.com",
      "a.example.com",
      "b.example.com",
      "low.example.com",
    ]);
    const autoscaling = groups.find(({ group }) => group === "autoscaling");
    expect(autoscaling?.versions.map(({ version }) => version)).toEqual(["v2", "v1"]);
  });

  it("are one group where an extension server has another version of it, or the same", () => {
    const kinds = [widget("example.com", "v1"), widget("example.com", "v2")];
    const groups = groupVersions(registry(...kinds), [
      remote("example.com", "v1", 1500, 50),
      remote("example.com", "v1beta1", 1500, 200),
    ]);
    const [group] = groups.filter((one) => one.group === "example.com");
    expect(group?.versions.map(({ version, kinds: local }) => [version, local.length])).toEqual([
      ["v1beta1", 0],
      ["v2", 1],
      ["v1", 0],
    ]);
  });
});
