/**
 * Asks the node's name servers for what is not in the cluster: the packet is passed on as it came with an identifier of
 * our own, over UDP and, for clients that came over TCP, over TCP. Answers are kept for their shortest time to live.
 *
 * Pods can send packets with any source, and what one of them makes pass for an answer would be told to all (RFC 5452): the
 * identifier is one that the asker does not know, the answer has to be one to the question, and a question is asked once
 * at a time, as each further asking would be another chance to guess.
 */
import { randomInt } from "node:crypto";
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
const headerBytes = 12;
/** rcodes of answers that hold for a name, and say for which. */
const settled = [0, 3];

interface Cached {
  readonly answer: Buffer;
  readonly until: number;
}

export interface ForwarderOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Where the name servers listen; 53. */
  readonly port?: number;
}

export function createForwarder(
  nameservers: readonly string[],
  { now = Date.now, port = 53 }: ForwarderOptions = {},
): Forwarder {
  const cache = new BoundedCache<Cached>(cachedBytes);
  const underWay = new Map<string, Promise<Buffer | undefined>>();

  const ask = async (key: string, query: Buffer, viaTcp: boolean): Promise<Buffer | undefined> => {
    for (const nameserver of nameservers) {
      const own = Buffer.from(query);
      own.writeUInt16BE(randomInt(0x10000), 0);
      const answer = await (viaTcp ? askTcp(nameserver, own, port) : askUdp(nameserver, own, port));
      if (answer === undefined) continue;
      const seconds = timeToLive(answer);
      if (seconds > 0) cache.set(key, { answer, until: now() + seconds * 1000 }, answer.length);
      return answer;
    }
    return undefined;
  };

  return {
    async forward(query, viaTcp) {
      if (query.length < headerBytes) return undefined;
      // Everything behind the identifier is the question and its options.
      const key = `${viaTcp ? "t" : "u"}${query.toString("latin1", 2)}`;
      const hit = cache.get(key);
      if (hit !== undefined && hit.until > now()) return withIdentifier(hit.answer, query);
      let asked = underWay.get(key);
      if (asked === undefined) {
        if (underWay.size >= maximumUnderWay) return undefined;
        asked = ask(key, query, viaTcp).finally(() => underWay.delete(key));
        underWay.set(key, asked);
      }
      const answer = await asked;
      return answer && withIdentifier(answer, query);
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

/** Whether a message is an answer to the query: same identifier, same question (letters in either case). */
export function isAnswerTo(query: Buffer, message: Buffer): boolean {
  if (message.length < headerBytes || !message.subarray(0, 2).equals(query.subarray(0, 2))) return false;
  const flags = message.readUInt16BE(2);
  if ((flags & 0x8000) === 0) return false;
  // A server that cannot make sense of a question need not repeat it.
  if (message.readUInt16BE(4) === 0) return !settled.includes(flags & 0xf);
  const end = questionEnd(query);
  const question = (of: Buffer): string => of.toString("latin1", headerBytes, end).toLowerCase();
  return message.length >= end && question(message) === question(query);
}

/** Where the first question of a query ends, which has been decoded before. */
function questionEnd(query: Buffer): number {
  let at = headerBytes;
  while ((query[at] ?? 0) !== 0 && at < query.length) at += (query[at] as number) + 1;
  return at + 5;
}

function askUdp(nameserver: string, query: Buffer, port: number): Promise<Buffer | undefined> {
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
      if (isAnswerTo(query, message)) finish(message);
    });
    // Connected, so that answers from other addresses are dropped and refusals are errors. A callback given to `connect`
    // would be called where there is no route, too, and the error would not be told.
    socket.once("connect", () => socket.send(query));
    socket.connect(port, nameserver);
  });
}

async function askTcp(nameserver: string, query: Buffer, port: number): Promise<Buffer | undefined> {
  const answer = await askStream({ host: nameserver, port }, query);
  return answer !== undefined && isAnswerTo(query, answer) ? answer : undefined;
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
