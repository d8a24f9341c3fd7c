/**
 * The host's name servers where only the host reaches them, on its loopback or over IPv6: a child in the host's network,
 * into which the runc driver lets a node look, asks them, and the agent answers with that on a link-local address of the
 * node's, which its resolv.conf names. They speak DNS as over TCP through two sockets in the file system, one for each way
 * of asking.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { promisify } from "node:util";
import type { Component } from "../../lib/component.ts";
import { askStream, createForwarder } from "./forwarder.ts";
import { listenTcp, listenUdp, serveTcp } from "./server.ts";

const run = promisify(execFile);

export interface HostResolverOptions {
  /** Address to answer on; it is added to the loopback interface. */
  readonly address: string;
  readonly port?: number;
  /** File that stands for the host's network. */
  readonly network: string;
  /** Of the two sockets, without their ends. */
  readonly socket: string;
  /** What the child is. */
  readonly command: readonly string[];
}

/** Ends, to be started again, when the child does. */
export function createHostResolver(options: HostResolverOptions): Component {
  const { address, port = 53, network, socket, command } = options;
  return {
    name: "host-resolver",
    async start(signal) {
      await run("ip", ["address", "replace", `${address}/32`, "dev", "lo"], { signal });
      // Its end of the pipe tells the child that the agent is gone, however it went.
      const child = spawn("nsenter", [`--net=${network}`, ...command], { stdio: ["pipe", "ignore", "ignore"], signal });
      const ended = once(child, "exit").then(
        ([code]) => {
          if (!signal.aborted) throw new Error(`the process in the host's network ended with ${code}`);
        },
        (error: unknown) => {
          if (!signal.aborted) throw error;
        },
      );
      ended.catch(() => undefined);
      const respond = (query: Buffer, viaTcp: boolean): Promise<Buffer | undefined> =>
        askStream({ path: socketPath(socket, viaTcp) }, query);
      const listeners = [await listenUdp(address, port, respond), await listenTcp(address, port, respond)];
      const close = (): void => {
        for (const each of listeners) each.close();
      };
      return { done: ended.finally(close) };
    },
  };
}

/** The child: answers over both sockets from those name servers, until its standard input ends. */
export async function serveHostResolver(socket: string, nameservers: readonly string[]): Promise<void> {
  const forwarder = createForwarder(nameservers);
  for (const viaTcp of [false, true]) {
    const path = socketPath(socket, viaTcp);
    await rm(path, { force: true });
    const server: Server = createServer((each) => serveTcp(each, (query) => forwarder.forward(query, viaTcp)));
    server.listen(path);
    await once(server, "listening");
  }
  process.stdin.resume();
  await once(process.stdin, "end");
}

function socketPath(socket: string, viaTcp: boolean): string {
  return `${socket}.${viaTcp ? "tcp" : "udp"}`;
}
