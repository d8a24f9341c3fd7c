import { describe, expect, it } from "vitest";
import type { ContainerPort, Pod } from "../../kinds/generated/core-v1.ts";
import { admitPod } from "./admission.ts";

const withPort = (port: Partial<ContainerPort>): Pod => ({
  spec: { containers: [{ name: "a", ports: [{ containerPort: 80, ...port }] }] },
});

describe("admission of pods that were bound past the scheduler", () => {
  it("refuses pods for another system", () => {
    const verdict = admitPod({ spec: { os: { name: "windows" }, containers: [] } }, [], undefined);
    expect(verdict?.reason).toBe("PodOSNotSupported");
    expect(admitPod({ spec: { os: { name: "linux" }, containers: [] } }, [], undefined)).toBeUndefined();
  });

  it.each([
    ["the same port", {}, true],
    ["another port", { hostPort: 81 }, false],
    ["another protocol", { protocol: "UDP" }, false],
    ["the port of one address", { hostIP: "10.0.0.1" }, true],
    ["no port of the node", { hostPort: 0 }, false],
  ])("looks for ports that are taken: %s", (_, port, refused) => {
    const verdict = admitPod(withPort({ hostPort: 80, ...port }), [withPort({ hostPort: 80 })], undefined);
    expect(verdict?.reason).toBe(refused ? "NodePorts" : undefined);
  });
});
