/** exec, attach and portForward: streams are the container runtime's; this server only shows the way to them. */
import type { IncomingMessage } from "node:http";
import { allContainers } from "../../kinds/core/pod/all-containers.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import type { PodManager } from "../pods/pod-manager.ts";
import { findWorker, HttpProblem, runningContainerId } from "./container-lookup.ts";
import { containerTarget, isTrue } from "./request-target.ts";

export interface StreamingInput {
  readonly manager: PodManager;
  readonly runtime: RuntimeService;
}

/** Asks the runtime for the address of a stream. Throws HttpProblem, or what the runtime answers. */
export async function streamingUrl({ manager, runtime }: StreamingInput, request: IncomingMessage): Promise<string> {
  const url = new URL(request.url ?? "/", "https://kubelet");
  const [first = "", ...rest] = url.pathname.split("/").slice(1);
  const query = url.searchParams;
  if (first === "portForward") {
    const [namespace = "", name = "", uid] = rest;
    const worker = findWorker(manager, namespace, name, uid);
    const sandbox = worker.runtimePod.sandboxes.find(({ ready }) => ready);
    if (sandbox === undefined) throw new HttpProblem(404, `pod "${name}" has no sandbox`);
    const ports = query
      .getAll("port")
      .flatMap((list) => list.split(","))
      .map(Number);
    return runtime.portForward({ podSandboxId: sandbox.id, port: ports });
  }
  if (first !== "exec" && first !== "attach") throw new HttpProblem(404, "404 page not found");
  const { namespace, name, uid, container } = containerTarget(rest);
  const worker = findWorker(manager, namespace, name, uid);
  const containerId = runningContainerId(worker, container);
  const tty = isTrue(query.get("tty"));
  const streams = {
    containerId,
    stdin: isTrue(query.get("input")) || isTrue(query.get("stdin")),
    stdout: isTrue(query.get("output")) || isTrue(query.get("stdout")),
    // With a terminal there is one stream out.
    stderr: !tty && (isTrue(query.get("error")) || isTrue(query.get("stderr"))),
  };
  if (first === "exec") return runtime.exec({ ...streams, tty, cmd: query.getAll("command") });
  const spec = allContainers(worker.pod.spec).find((candidate) => candidate.name === container);
  return runtime.attach({ ...streams, tty: spec?.tty === true });
}
