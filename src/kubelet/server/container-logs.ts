/** /containerLogs/NAMESPACE/POD/CONTAINER: the lines of a container's log files that the query asks for. */
import type { ServerResponse } from "node:http";
import { allContainers } from "../../kinds/core/pod/all-containers.ts";
import type { Clock } from "../../lib/clock.ts";
import { RuntimeError } from "../cri/connection.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { type LogOptions, readLog } from "../logs/log-reader.ts";
import { podUid } from "../pods/labels.ts";
import type { PodManager } from "../pods/pod-manager.ts";
import type { StatusManager } from "../pods/status-manager.ts";
import { findWorker, HttpProblem, loggedContainerId } from "./container-lookup.ts";
import { isTrue } from "./request-target.ts";

export interface ContainerLogsInput {
  readonly manager: PodManager;
  readonly statuses: StatusManager;
  readonly runtime: RuntimeService;
  readonly clock: Clock;
}

function logOptions(query: URLSearchParams, now: number): LogOptions {
  const number = (name: string): number | undefined => {
    const text = query.get(name);
    if (text === null) return undefined;
    if (!/^-?\d+$/.test(text)) throw new HttpProblem(400, '{"message": "Unable to decode query."}');
    if (text.startsWith("-")) throw new HttpProblem(422, '{"message": "Invalid request."}');
    return Number(text);
  };
  const seconds = number("sinceSeconds");
  const sinceTime = query.get("sinceTime");
  const stream = query.get("stream");
  return {
    follow: isTrue(query.get("follow")),
    timestamps: isTrue(query.get("timestamps")),
    since: seconds !== undefined ? now - seconds * 1000 : sinceTime === null ? undefined : Date.parse(sinceTime),
    tailLines: number("tailLines"),
    limitBytes: number("limitBytes"),
    stream: stream === "Stdout" || stream === "Stderr" ? stream : "All",
  };
}

/** Sends a log as it is read, no faster than the client takes it. Throws HttpProblem before anything is sent. */
export async function sendContainerLogs(
  { manager, statuses, runtime, clock }: ContainerLogsInput,
  [namespace = "", name = "", container = ""]: readonly string[],
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const options = logOptions(query, clock.now());
  const { pod } = findWorker(manager, namespace, name);
  if (!allContainers(pod.spec).some((spec) => spec.name === container)) {
    throw new HttpProblem(404, `container "${container}" not found in pod "${name}"`);
  }
  const status = statuses.get(podUid(pod)) ?? pod.status ?? {};
  const id = loggedContainerId(status, name, container, isTrue(query.get("previous")));
  const found = await runtime.containerStatus(id).catch((error: unknown) => {
    if (error instanceof RuntimeError && error.notFound)
      throw new HttpProblem(400, `container "${container}" in pod "${name}" is terminated`);
    throw error;
  });
  const closed = new AbortController();
  response.on("close", () => closed.abort());
  response.writeHead(200, { "content-type": "text/plain" });
  response.flushHeaders();
  await readLog({
    path: found.logPath ?? "",
    options,
    signal: closed.signal,
    running: async () => (await runtime.containerStatus(id).catch(() => undefined))?.state === "CONTAINER_RUNNING",
    write: (chunk) =>
      new Promise((resolve) => {
        if (response.write(chunk) || closed.signal.aborted) resolve();
        else {
          const done = (): void => {
            response.off("drain", done);
            response.off("close", done);
            resolve();
          };
          response.once("drain", done);
          response.once("close", done);
        }
      }),
  });
  response.end();
}
