/** exec, attach and portForward: streams are the container runtime's; this server only shows the way to them. */
import { allContainers } from "../../kinds/core/pod/all-containers.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import type { PodManager } from "../pods/pod-manager.ts";
import { findWorker, HttpProblem, runningContainerId } from "./container-lookup.ts";
import { containerTarget, isTrue } from "./request-target.ts";
import type { RoutedRequest } from "./routes.ts";

export interface StreamingInput {
  readonly manager: PodManager;
  readonly runtime: RuntimeService;
}

/** Asks the runtime for the address of a stream. Throws HttpProblem, or what the runtime answers. */
export async function streamingUrl(
  { manager, runtime }: StreamingInput,
  { route, parts, query }: RoutedRequest,
): Promise<string> {
  if (route === "portForward") {
    const [namespace = "", name = "", uid] = parts;
    const worker = findWorker(manager, namespace, name, uid);
    const sandbox = worker.runtimePod.sandboxes.find(({ ready }) => ready);
    if (sandbox === undefined) throw new HttpProblem(404, `pod "${name}" has no sandbox`);
    const ports = query
      .getAll("port")
      .flatMap((list) => list.split(","))
      .map(Number);
    return runtime.portForward({ podSandboxId: sandbox.id, port: ports });
  }
  if (route !== "exec" && route !== "attach") throw new HttpProblem(404, "404 page not found");
  const { namespace, name, uid, container } = containerTarget(parts);
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
  if (route === "exec") return runtime.exec({ ...streams, tty, cmd: query.getAll("command") });
  const spec = allContainers(worker.pod.spec).find((candidate) => candidate.name === container);
  return runtime.attach({ ...streams, tty: spec?.tty === true });
}
