import { expect, it } from "vitest";
import type * as cri from "../cri/generated/messages.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { createRuntimePodReader } from "./runtime-status.ts";

/** A runtime with containers that have exited, and how often each was asked for. */
function exitedContainers() {
  const ids = new Set(["a", "b"]);
  const asked: string[] = [];
  const runtime: Pick<RuntimeService, "listPodSandboxes" | "listContainers" | "containerStatus"> = {
    listPodSandboxes: async () => [],
    listContainers: async () => [...ids].map((id): cri.Container => ({ id })),
    containerStatus: async (id) => {
      asked.push(id);
      return { id, state: "CONTAINER_EXITED" };
    },
  };
  const reader = createRuntimePodReader(runtime as RuntimeService, async () => "");
  return { ids, asked, reader, read: () => reader.read("uid", "pod", "default") };
}

it("asks for a container that has exited once, until the runtime has it no more", async () => {
  const { ids, asked, read } = exitedContainers();
  await read();
  await read();
  expect(asked).toEqual(["a", "b"]);
  ids.delete("a");
  await read();
  ids.add("a");
  await read();
  expect(asked).toEqual(["a", "b", "a"]);
});

it("remembers nothing of a pod that is gone", async () => {
  const { asked, read, reader } = exitedContainers();
  await read();
  reader.forget("uid");
  await read();
  expect(asked).toEqual(["a", "b", "a", "b"]);
});
