/**
 * Asks the node's name servers for what is not in the cluster: the packet is passed on as it came with an identifier of
 * our own, over UDP and, for clients that came over TCP, over TCP. Answers are kept for their shortest time to live.
 */
import { createSocket } from "node:dgram";
import { connect, isIPv6, type NetConnectOpts } from "node:net";
import type { Packet, StringRecordType } from "dns-packet";
import { decode } from "dns-packet";
import { BoundedCache } from "../../lib/bounded-cache.ts";

export interface Forwarder {
  /** The answer with the query's identifier; undefined when no name server answered. */
  forward(query: Buffer, viaTcp: boolean): Promise<Buffer | undefined>;
}

const timeoutMs = 2_000;
/** Questions that wait for name servers, each with a socket; CoreDNS's usual max_concurrent. */
const maximumUnderWay = 1_000;
const cachedBytes = 2 * 1024 * 1024;
const maximumSeconds = 30;

interface Cached {
  readonly answer: Buffer;
  readonly until: number;
}

export function createForwarder(nameservers: readonly string[], now: () => number = Date.now): Forwarder {
  const cache = new BoundedCache<Cached>(cachedBytes);
  let underWay = 0;
  return {
    async forward(query, viaTcp) {
      // Everything behind the identifier is the question and its options.
      const key = `${viaTcp ? "t" : "u"}${query.toString("latin1", 2)}`;
      const hit = cache.get(key);
      if (hit !== undefined && hit.until > now()) return withIdentifier(hit.answer, query);
      if (underWay >= maximumUnderWay) return undefined;
      for (const nameserver of nameservers) {
        underWay++;
        const asked = viaTcp ? askTcp(nameserver, query) : askUdp(nameserver, query);
        const answer = await asked.finally(() => underWay--);
        if (answer === undefined) continue;
        const seconds = timeToLive(answer);
        if (seconds > 0) cache.set(key, { answer, until: now() + seconds * 1000 }, answer.length);
        return withIdentifier(answer, query);
      }
      return undefined;
    },
  };
}

function withIdentifier(answer: Buffer, query: Buffer): Buffer {
  const copy = Buffer.from(answer);
  query.copy(copy, 0, 0, 2);
  return copy;
}

/** Seconds for which the answer may be kept: 0 for failures and truncated answers. */
function timeToLive(answer: Buffer): number {
  let packet: Packet & { rcode?: string; flag_tc?: boolean };
  try {
    packet = decode(answer) as typeof packet;
  } catch {
    return 0;
  }
  if (packet.flag_tc || (packet.rcode !== "NOERROR" && packet.rcode !== "NXDOMAIN")) return 0;
  const records = [...(packet.answers ?? []), ...(packet.authorities ?? [])] as {
    type: StringRecordType;
    ttl?: number;
  }[];
  return Math.min(
    maximumSeconds,
    ...records.map((record) => record.ttl ?? 0),
    records.length === 0 ? 5 : maximumSeconds,
  );
}

function askUdp(nameserver: string, query: Buffer): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    // A link-local address has its interface behind it.
    const socket = createSocket(isIPv6(nameserver.replace(/%.*$/, "")) ? "udp6" : "udp4");
    const finish = (answer: Buffer | undefined): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(finish, timeoutMs, undefined);
    socket.once("error", () => finish(undefined));
    socket.on("message", (message) => {
      if (message.subarray(0, 2).equals(query.subarray(0, 2))) finish(message);
    });
    // Connected, so that answers from other addresses are dropped and refusals are errors. A callback given to `connect`
    // would be called where there is no route, too, and the error would not be told.
    socket.once("connect", () => socket.send(query));
    socket.connect(53, nameserver);
  });
}

function askTcp(nameserver: string, query: Buffer): Promise<Buffer | undefined> {
  return askStream({ host: nameserver, port: 53 }, query);
}

/** A message and its answer with their lengths before them (RFC 1035, 4.2.2); undefined where none comes. */
export function askStream(target: NetConnectOpts, query: Buffer): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ ...target, timeout: timeoutMs });
    let received = Buffer.alloc(0);
    const finish = (answer: Buffer | undefined): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("error", () => finish(undefined));
    socket.once("timeout", () => finish(undefined));
    socket.once("close", () => finish(undefined));
    socket.once("connect", () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(query.length);
      socket.write(Buffer.concat([length, query]));
    });
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2) return;
      const size = received.readUInt16BE(0);
      if (received.length >= size + 2) finish(received.subarray(2, size + 2));
    });
  });
}
