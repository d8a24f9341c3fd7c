/** Pods and what the runtime says of them, for tests. */
import type { Container, Pod } from "../../kinds/generated/core-v1.ts";
import { containerHash } from "../pods/labels.ts";
import type { RuntimeContainer, RuntimePod } from "../pods/runtime-status.ts";

export function makePod(spec: Partial<NonNullable<Pod["spec"]>> = {}, metadata: Pod["metadata"] = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "default", uid: "uid-1", ...metadata },
    spec: { restartPolicy: "Always", containers: [{ name: "c", image: "busybox" }], ...spec },
  };
}

export function makeContainer(
  name: string,
  state: RuntimeContainer["state"],
  more: Partial<RuntimeContainer> = {},
): RuntimeContainer {
  return {
    id: `${name}-id`,
    name,
    sandboxId: "s",
    state,
    image: "busybox",
    imageRef: "sha256:1",
    createdAt: 1000,
    startedAt: 1000,
    finishedAt: state === "exited" ? 2000 : 0,
    exitCode: 0,
    reason: state === "exited" ? "Completed" : "",
    message: "",
    restartCount: 0,
    hash: containerHash({ name, image: "busybox" }),
    logPath: "",
    annotations: {},
    user: undefined,
    mounts: [],
    resources: undefined,
    ...more,
  };
}

/** With one ready sandbox. */
export function makeRuntimePod(...containers: RuntimeContainer[]): RuntimePod {
  const sandbox = { id: "s", ready: true, createdAt: 1, attempt: 0, hostNetwork: false, ips: ["10.0.0.2"] };
  return { uid: "uid-1", name: "p", namespace: "default", sandboxes: [sandbox], containers, ips: ["10.0.0.2"] };
}

export const busybox = (name: string, more: Partial<Container> = {}): Container => ({
  name,
  image: "busybox",
  ...more,
});
