import { request } from "node:https";
import type { ProxyTarget } from "../streaming/http-proxy.ts";
import { metClosedConnection } from "../streaming/idle-connection.ts";
import { dialOptions } from "../streaming/proxyable-address.ts";

const requestTimeoutMs = 5_000;
const maximumAnswerBytes = 16 * 1024 * 1024;

/**
 * What an extension server answers to the aggregator itself, parsed; undefined where it has no such path. Rejects where
 * it cannot be reached within five seconds, answers otherwise than with 200 or 404, or with no JSON.
 */
export async function getRemoteJson(target: ProxyTarget): Promise<unknown> {
  const { host, port, path, agent } = target;
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const outgoing = request({
    ...dialOptions(host),
    port,
    path,
    ...(agent === undefined ? {} : { agent }),
    headers: {
      accept: "application/json",
      "x-remote-user": "system:kube-aggregator",
      "x-remote-group": ["system:masters"],
    },
    signal: AbortSignal.timeout(requestTimeoutMs),
  });
  outgoing.on("error", (cause) => {
    if (metClosedConnection(outgoing, cause)) resolve(getRemoteJson(target));
    else reject(cause);
  });
  outgoing.on("response", (response) => {
    const chunks: Buffer[] = [];
    let length = 0;
    response.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > maximumAnswerBytes) outgoing.destroy(new Error("the answer is too large"));
      chunks.push(chunk);
    });
    response.on("error", reject);
    response.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8");
      if (response.statusCode === 404) resolve(undefined);
      else if (response.statusCode !== 200) reject(new Error(`bad status from server: ${response.statusCode}`));
      else resolve(parse(text));
    });
  });
  outgoing.end();
  return promise;
}

/** Rejects where the text is no JSON. */
async function parse(text: string): Promise<unknown> {
  return JSON.parse(text);
}
