import { expect, it } from "vitest";
import { busybox, makePod } from "../testing/runtime-objects.ts";
import { containerFieldPath } from "./pod-events.ts";

it.each([
  ["main", "spec.containers{main}"],
  ["first", "spec.initContainers{first}"],
  ["debugger", "spec.ephemeralContainers{debugger}"],
  ["gone", undefined],
])("says where a pod has the container %s", (name, path) => {
  const pod = makePod({
    initContainers: [busybox("first")],
    containers: [busybox("main")],
    ephemeralContainers: [busybox("debugger")],
  });
  expect(containerFieldPath(pod, name)).toBe(path);
});
