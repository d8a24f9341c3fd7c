/** pods/NAME/log: what a container wrote, as its kubelet gives it, over HTTP or a WebSocket. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { type FieldError, invalidValue } from "../../machinery/errors/field-error.ts";
import { badRequest, internalError, invalid, StatusError } from "../../machinery/errors/status-error.ts";
import { parseInt64 } from "../../machinery/parse-int64.ts";
import type { KubeletConnections } from "../streaming/kubelet-connection.ts";
import { maximumRefusalBytes, readText } from "../streaming/read-text.ts";
import type { HttpResponse, SubresourceRequest } from "../types.ts";
import { containerOf, flag, isWebSocketUpgrade } from "./pod-containers.ts";
import { subjectOf } from "./subject.ts";

export interface PodLogOptions {
  readonly kubelets: KubeletConnections;
}

const logFlags = ["follow", "previous", "timestamps"];
const logMinima: Readonly<Record<string, readonly [number, string]>> = {
  sinceSeconds: [1, "must be greater than 0"],
  tailLines: [0, "must be greater than or equal to 0"],
  limitBytes: [1, "must be greater than 0"],
};

function logQuery({ info }: SubresourceRequest): URLSearchParams {
  const query = new URLSearchParams();
  const errors: FieldError[] = [];
  for (const name of logFlags) if (flag(info.query, name)) query.set(name, "true");
  for (const [name, [minimum, detail]] of Object.entries(logMinima)) {
    const value = info.query.get(name);
    if (value === null) continue;
    const number = parseInt64(value);
    if (number < minimum) errors.push(invalidValue(name, number, detail));
    query.set(name, String(number));
  }
  const sinceTime = info.query.get("sinceTime");
  if (sinceTime !== null) query.set("sinceTime", sinceTime);
  if (sinceTime !== null && info.query.has("sinceSeconds")) {
    errors.push(invalidValue("sinceSeconds", null, "at most one of `sinceTime` or `sinceSeconds` may be specified"));
  }
  const stream = info.query.get("stream");
  if (stream !== null) query.set("stream", stream);
  if (errors.length > 0) throw invalid({ group: "", kind: "PodLogOptions" }, info.name, errors);
  return query;
}

/** The log as the kubelet gives it; undefined where the pod has no node yet. */
async function openLog(
  { kubelets }: PodLogOptions,
  request: SubresourceRequest,
  signal: AbortSignal,
): Promise<IncomingMessage | undefined> {
  const pod = subjectOf<Pod>(request);
  const query = logQuery(request);
  const container = containerOf(pod, request.info.query.get("container"));
  if (!pod.spec?.nodeName) return undefined;
  const address = kubelets.addressOf(request.reader, pod.spec.nodeName);
  const { namespace, name } = request.info;
  const path = `/containerLogs/${namespace}/${name}/${container}?${query}`;
  const source = await kubelets.get(address, { method: "GET", path, signal });
  const code = source.statusCode ?? 500;
  if (code < 200 || code > 206) throw await logError(source, name);
  return source;
}

export async function sendLog(
  options: PodLogOptions,
  request: SubresourceRequest,
  response: HttpResponse,
): Promise<void> {
  const abort = new AbortController();
  response.on("close", () => abort.abort());
  const source = await openLog(options, request, abort.signal);
  const write = response as { writeHead(code: number, headers: Record<string, string>): unknown };
  write.writeHead(200, { "content-type": "text/plain" });
  if (source === undefined) {
    response.end();
    return;
  }
  // Headers go out before the first line: a follower of a silent container must see that it is connected.
  if ("flushHeaders" in response) response.flushHeaders();
  await new Promise<void>((resolve) => {
    response.on("close", resolve);
    source.on("error", () => response.end());
    source.pipe(response as NodeJS.WritableStream);
  });
}

/** The log over a WebSocket, a message a read. */
export async function sendLogMessages(
  options: PodLogOptions,
  request: SubresourceRequest,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  if (!isWebSocketUpgrade(request)) throw badRequest("nothing to upgrade to here");
  const abort = new AbortController();
  socket.once("close", () => abort.abort());
  const source = await openLog(options, request, abort.signal);
  const { sendAsMessages } = await import("../streaming/message-stream.ts");
  await sendAsMessages(source, request.request as IncomingMessage, socket, head);
}

async function logError(source: IncomingMessage, name: string): Promise<StatusError> {
  const text = await readText(source, maximumRefusalBytes);
  const code = source.statusCode ?? 500;
  if (code === 500) return internalError(new Error(text));
  if (code === 400) return badRequest(text);
  const about = `( pods/log ${name})`;
  const message =
    code === 404
      ? `the server could not find the requested resource ${about}`
      : `the server responded with the status code ${code} but did not return more information ${about}`;
  return new StatusError({
    code,
    reason: code === 404 ? "NotFound" : "InternalError",
    message,
    details: { name, kind: "pods/log" },
  });
}
