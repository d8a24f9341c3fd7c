/**
 * Cluster DNS: answers pods' questions from the caches of Services and EndpointSlices, over UDP and TCP on the node's
 * own address; the Service `kube-dns` leads there. Everything outside the cluster domain goes to the node's name servers.
 */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  type Packet,
  type Question,
  RECURSION_AVAILABLE,
} from "dns-packet";
import { endpointSlices, namespaces, services } from "../../client/resources.ts";
import type { Informers } from "../../client/types.ts";
import { serviceNameLabel } from "../../kinds/discovery/endpoint-slice/labels.ts";
import type { Service } from "../../kinds/generated/core-v1.ts";
import type { EndpointSlice } from "../../kinds/generated/discovery-v1.ts";
import type { Component } from "../../lib/component.ts";
import { ConnectionGuard, nodeServerLimits } from "../../lib/connection-guard.ts";
import { createLogger } from "../../lib/log.ts";
import { createForwarder, type Forwarder } from "./forwarder.ts";
import { ednsVersionOf, encodeMessage, maximumMessageBytes, truncatedFlag, udpSizeOf } from "./message.ts";
import { type ClusterRecord, type ClusterView, resolveClusterName } from "./records.ts";

export interface ClusterDnsOptions {
  readonly informers: Informers;
  /** Address to listen on: the node's. */
  readonly address: string;
  readonly port?: number;
  /** `cluster.local` */
  readonly domain: string;
  /** Name servers of the node. */
  readonly nameservers: readonly string[];
}

/** Not 53, which a pod on the host's network may want. */
export const clusterDnsPort = 10053;
/** Seconds; short, as Services come and go. */
const recordTtl = 5;
const maximumUdpSize = 1232;
/** Aliases that one answer holds at most, as CoreDNS. */
const maximumAliases = 8;
const responseFlag = 0x8000;
const rcodes = { formatError: 1, serverFailure: 2, nameError: 3, notImplemented: 4, badVersion: 16 } as const;

const log = createLogger("cluster-dns");

export function createClusterDns(options: ClusterDnsOptions): Component {
  const { informers, address, port = clusterDnsPort, domain, nameservers } = options;
  return {
    name: "cluster-dns",
    async start(signal) {
      const view = createView(informers);
      await Promise.all([
        informers.of(services).synced(),
        informers.of(endpointSlices).synced(),
        informers.of(namespaces).synced(),
      ]);
      const forwarder = createForwarder(nameservers);
      const respond = (query: Buffer, viaTcp: boolean) => answerQuery(query, { domain, view, forwarder, viaTcp });
      const udp = await listenUdp(address, port, respond);
      const tcp = await listenTcp(address, port, respond);
      const done = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      return {
        done: done.then(() => {
          udp.close();
          tcp.close();
        }),
      };
    },
  };
}

export type Respond = (query: Buffer, viaTcp: boolean) => Promise<Buffer | undefined>;

export async function listenUdp(address: string, port: number, respond: Respond): Promise<UdpSocket> {
  const socket = createSocket("udp4");
  socket.on("message", (query, from) => {
    respond(query, false)
      .then((answer) => answer && socket.send(answer, from.port, from.address))
      .catch((error: unknown) => log.error("cannot answer", { error }));
  });
  socket.bind(port, address);
  await once(socket, "listening");
  socket.on("error", (error) => log.error("UDP socket failed", { error }));
  return socket;
}

export async function listenTcp(address: string, port: number, respond: Respond): Promise<Server> {
  const server = createServer((socket) => serveTcp(socket, respond));
  new ConnectionGuard(tcpLimits).watch(server, { tls: false });
  server.listen(port, address);
  await once(server, "listening");
  server.on("error", (error) => log.error("TCP socket failed", { error }));
  return server;
}

/** A resolver asks a few questions over a connection and goes; nobody keeps one for longer than this. */
const tcpLimits = { ...nodeServerLimits, firstRequestMs: 120_000 };
/** Questions of one connection that are being answered; the next ones are read when these are, and their answers taken. */
const questionsAtOnce = 8;

/** Messages are prefixed with their length in two bytes (RFC 1035, 4.2.2). */
export function serveTcp(socket: Socket, respond: Respond): void {
  let received = Buffer.alloc(0);
  let asked = 0;
  const mayAsk = (): boolean => asked < questionsAtOnce && !socket.writableNeedDrain;
  const serve = (): void => {
    while (mayAsk() && received.length >= 2 && received.length >= received.readUInt16BE(0) + 2) {
      const size = received.readUInt16BE(0);
      const query = received.subarray(2, size + 2);
      received = received.subarray(size + 2);
      asked++;
      respond(query, true)
        .then((answer) => answer && socket.write(Buffer.concat([lengthPrefix(answer), answer])))
        .catch((error: unknown) => log.error("cannot answer", { error }))
        .finally(() => {
          asked--;
          serve();
        });
    }
    if (mayAsk()) socket.resume();
    else socket.pause();
  };
  socket.setTimeout(10_000, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("drain", serve);
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    serve();
  });
}

function lengthPrefix(message: Buffer): Buffer {
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16BE(message.length);
  return prefix;
}

interface QueryContext {
  readonly domain: string;
  readonly view: ClusterView;
  readonly forwarder: Forwarder;
  readonly viaTcp: boolean;
}

/** The encoded answer; undefined for what is no query at all, which gets none. */
export async function answerQuery(message: Buffer, context: QueryContext): Promise<Buffer | undefined> {
  let query: Packet;
  try {
    query = decode(message);
  } catch {
    return formatError(message);
  }
  const question = query.questions?.[0];
  if (query.type !== "query" || question === undefined) return undefined;
  // Before anything else: what the question means in another version is not known (RFC 6891, 6.1.3). As CoreDNS, it is not repeated.
  if (ednsVersionOf(query) !== 0) {
    return encodeAnswer(
      { ...query, questions: [] },
      { flags: (query.flags ?? 0) & 0x0100, rcode: rcodes.badVersion },
      maximumUdpSize,
    );
  }
  const limit = context.viaTcp ? maximumMessageBytes : udpSizeOf(query, maximumUdpSize);
  try {
    return await answerQuestion({ query, question, message, limit }, context);
  } catch (error) {
    // A name that came in and cannot go out.
    if (error instanceof RangeError) return formatError(message);
    throw error;
  }
}

function formatError(message: Buffer): Buffer | undefined {
  if (message.length < 12) return undefined;
  return encodeAnswer({ id: message.readUInt16BE(0) }, { rcode: rcodes.formatError }, maximumUdpSize);
}

interface Asked {
  readonly query: Packet;
  readonly question: Question;
  readonly message: Buffer;
  /** Bytes of the answer. */
  readonly limit: number;
}

async function answerQuestion({ query, question, message, limit }: Asked, context: QueryContext): Promise<Buffer> {
  const { domain, view, forwarder, viaTcp } = context;
  const result = resolveClusterName(question, domain, view);
  if (result.kind === "forward") {
    const answer = await forwarder.forward(message, viaTcp);
    if (answer === undefined) return encodeAnswer(query, { rcode: rcodes.serverFailure }, limit);
    return answer.length <= limit ? answer : shorten(answer, query, limit);
  }
  if (result.answers[0]?.type === "CNAME" && question.type !== "CNAME") {
    return encodeAnswer(query, await followAliases(result.answers[0], question.type, context), limit);
  }
  return encodeAnswer(
    query,
    {
      rcode: result.kind === "nxdomain" ? rcodes.nameError : 0,
      answers: result.answers.map(toAnswer),
      authorities: result.answers.length === 0 ? [authority(domain)] : [],
      additionals: result.additionals.map(toAnswer),
    },
    limit,
  );
}

/** What a name server has sent, although the asker cannot take as much. */
function shorten(answer: Buffer, query: Packet, limit: number): Buffer {
  const { answers = [], authorities = [], additionals = [], flags = 0 } = decode(answer);
  const others = additionals.filter(({ type }) => type !== "OPT");
  return encodeAnswer(query, { flags, answers, authorities, additionals: others }, limit);
}

/**
 * An ExternalName's alias with what it leads to in the end, as resolvers in libc do not ask a second time: through other
 * ExternalNames of the cluster as far as CoreDNS goes, then to the node's name servers.
 */
async function followAliases(
  first: ClusterRecord,
  type: string,
  { forwarder, domain, view, viaTcp }: QueryContext,
): Promise<AnswerParts> {
  const answers = [first];
  const names = new Set([first.name.toLowerCase()]);
  for (let alias: ClusterRecord | undefined = first; alias?.type === "CNAME"; ) {
    const target: string = alias.data;
    if (names.has(target.toLowerCase()) || answers.length > maximumAliases) break;
    names.add(target.toLowerCase());
    const inside = resolveClusterName({ name: target, type }, domain, view);
    if (inside.kind === "forward") {
      const reply = await forwarder.forward(questionFor(target, type), viaTcp);
      const { answers: more = [], flags = 0 } = reply === undefined ? {} : decode(reply);
      return { answers: [...answers.map(toAnswer), ...more], truncated: (flags & truncatedFlag) !== 0 };
    }
    answers.push(...inside.answers);
    alias = inside.answers[0];
  }
  return { answers: answers.map(toAnswer) };
}

/** A query that is the same each time, so that its answer is remembered. */
const questionFor = (name: string, type: string): Buffer =>
  encode({ type: "query", id: 0, flags: 0x0100, questions: [{ type, name, class: "IN" } as Question] });

interface AnswerParts {
  readonly rcode?: number;
  /** In place of those of an answer of this server. */
  readonly flags?: number;
  readonly answers?: readonly Answer[];
  readonly authorities?: readonly Answer[];
  readonly additionals?: readonly Answer[];
  readonly truncated?: boolean;
}

function encodeAnswer(query: Packet, parts: AnswerParts, limit: number): Buffer {
  const recursionDesired = (query.flags ?? 0) & 0x0100;
  const rcode = parts.rcode ?? 0;
  const own = AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | recursionDesired | (rcode & 0xf);
  const edns = query.additionals?.some((record) => record.type === "OPT") === true;
  return encodeMessage(
    {
      id: query.id ?? 0,
      flags: responseFlag | (parts.flags ?? own),
      questions: query.questions ?? [],
      answers: parts.answers ?? [],
      authorities: parts.authorities ?? [],
      additionals: parts.additionals ?? [],
      udpPayloadSize: edns ? maximumUdpSize : undefined,
      extendedRcode: rcode >> 4,
      truncated: parts.truncated ?? false,
    },
    limit,
  );
}

function toAnswer(record: ClusterRecord): Answer {
  return { ...record, ttl: recordTtl, class: "IN" } as Answer;
}

function authority(domain: string): Answer {
  return {
    type: "SOA",
    name: domain,
    ttl: recordTtl,
    class: "IN",
    data: {
      mname: `ns.dns.${domain}`,
      rname: `hostmaster.${domain}`,
      serial: 1,
      refresh: 7200,
      retry: 1800,
      expire: 86400,
      minimum: recordTtl,
    },
  } as Answer;
}

function createView(informers: Informers): ClusterView {
  const serviceInformer = informers.of(services);
  const sliceInformer = informers.of(endpointSlices);
  const namespaceInformer = informers.of(namespaces);
  serviceInformer.addIndex("address", ({ spec }: Service) => spec?.clusterIPs ?? []);
  sliceInformer.addIndex("service", (slice: EndpointSlice) => {
    const name = slice.metadata?.labels?.[serviceNameLabel];
    return name === undefined ? [] : [`${slice.metadata?.namespace}/${name}`];
  });
  sliceInformer.addIndex("address", ({ endpoints }: EndpointSlice) =>
    (endpoints ?? []).flatMap((one) => one.addresses),
  );
  return {
    service: (namespace, name) => serviceInformer.lister.get(name, namespace),
    slices: (namespace, name) => sliceInformer.lister.byIndex("service", `${namespace}/${name}`),
    hasNamespace: (name) => namespaceInformer.lister.get(name) !== undefined,
    servicesByAddress: (address) => serviceInformer.lister.byIndex("address", address),
    slicesByAddress: (address) => sliceInformer.lister.byIndex("address", address),
  };
}
