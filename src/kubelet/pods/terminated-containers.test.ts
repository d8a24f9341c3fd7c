import { expect, it } from "vitest";
import type { ContainerStatus } from "../../kinds/generated/core-v1.ts";
import { terminatedContainers } from "./terminated-containers.ts";

const status = (name: string, state: ContainerStatus["state"]): ContainerStatus => ({
  name,
  image: "i",
  imageID: "i",
  ready: false,
  restartCount: 0,
  ...(state === undefined ? {} : { state }),
});
const ended = (name: string, exitCode: number) => status(name, { terminated: { exitCode, reason: "Error" } });

it("tells of the end of a container once", () => {
  const running = { containerStatuses: [status("a", { running: {} }), status("b", { running: {} })] };
  const over = { containerStatuses: [ended("a", 139), status("b", { running: {} })], initContainerStatuses: [] };
  expect(terminatedContainers(running, over)).toEqual([{ type: "container", exitCode: 139, reason: "Error" }]);
  expect(terminatedContainers(over, over)).toEqual([]);
  expect(terminatedContainers({}, { initContainerStatuses: [ended("i", 1)] })).toEqual([
    { type: "init_container", exitCode: 1, reason: "Error" },
  ]);
});
