/**
 * Cluster DNS: answers pods' questions from the caches of Services and EndpointSlices, over UDP and TCP on the node's
 * own address; the Service `kube-dns` leads there. Everything outside the cluster domain goes to the node's name servers.
 */
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, type Packet, RECURSION_AVAILABLE } from "dns-packet";
import { endpointSlices, namespaces, services } from "../../client/resources.ts";
import type { Informers } from "../../client/types.ts";
import { serviceNameLabel } from "../../kinds/discovery/endpoint-slice/labels.ts";
import type { Service } from "../../kinds/generated/core-v1.ts";
import type { EndpointSlice } from "../../kinds/generated/discovery-v1.ts";
import type { Component } from "../../lib/component.ts";
import { createLogger } from "../../lib/log.ts";
import { createForwarder, type Forwarder } from "./forwarder.ts";
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
const defaultUdpSize = 512;
const maximumUdpSize = 1232;
const rcodes = { formatError: 1, serverFailure: 2, nameError: 3, notImplemented: 4 } as const;

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

type Respond = (query: Buffer, viaTcp: boolean) => Promise<Buffer | undefined>;

async function listenUdp(address: string, port: number, respond: Respond): Promise<UdpSocket> {
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

async function listenTcp(address: string, port: number, respond: Respond): Promise<Server> {
  const server = createServer((socket) => serveTcp(socket, respond));
  server.listen(port, address);
  await once(server, "listening");
  server.on("error", (error) => log.error("TCP socket failed", { error }));
  return server;
}

/** Messages are prefixed with their length in two bytes (RFC 1035, 4.2.2). */
function serveTcp(socket: Socket, respond: Respond): void {
  let received = Buffer.alloc(0);
  socket.setTimeout(10_000, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 2 && received.length >= received.readUInt16BE(0) + 2) {
      const size = received.readUInt16BE(0);
      const query = received.subarray(2, size + 2);
      received = received.subarray(size + 2);
      respond(query, true).then(
        (answer) => answer && socket.write(Buffer.concat([lengthPrefix(answer), answer])),
        (error: unknown) => log.error("cannot answer", { error }),
      );
    }
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
    return message.length < 12
      ? undefined
      : encodeAnswer({ id: message.readUInt16BE(0) }, { rcode: rcodes.formatError });
  }
  const question = query.questions?.[0];
  if (query.type !== "query" || question === undefined) return undefined;
  const result = resolveClusterName(question, context.domain, context.view);
  if (result.kind === "forward") {
    const answer = await context.forwarder.forward(message, context.viaTcp);
    return answer ?? encodeAnswer(query, { rcode: rcodes.serverFailure });
  }
  const external = await followExternalName(query, result.answers, context);
  if (external !== undefined) return external;
  const soa = result.answers.length === 0 ? [authority(context.domain)] : [];
  const answer = encodeAnswer(query, {
    rcode: result.kind === "nxdomain" ? rcodes.nameError : 0,
    answers: result.answers.map(toAnswer),
    authorities: soa,
    additionals: result.additionals.map(toAnswer),
  });
  return context.viaTcp || answer.length <= udpSize(query) ? answer : encodeAnswer(query, { truncated: true });
}

/** An ExternalName's alias with the addresses of its target, as resolvers in libc do not ask a second time. */
async function followExternalName(
  query: Packet,
  answers: readonly ClusterRecord[],
  { forwarder, domain, view, viaTcp }: QueryContext,
): Promise<Buffer | undefined> {
  const alias = answers[0];
  const question = query.questions?.[0];
  if (alias?.type !== "CNAME" || question === undefined || question.type === "CNAME") return undefined;
  const inside = resolveClusterName({ name: alias.data, type: question.type }, domain, view);
  if (inside.kind !== "forward") {
    return encodeAnswer(query, { answers: [alias, ...inside.answers].map(toAnswer) });
  }
  const target = encode({
    type: "query",
    id: query.id ?? 0,
    flags: 0x0100,
    questions: [{ type: question.type, name: alias.data, class: "IN" }],
  });
  const reply = await forwarder.forward(target, viaTcp);
  const more = reply === undefined ? [] : (decode(reply).answers ?? []);
  return encodeAnswer(query, { answers: [toAnswer(alias), ...more] });
}

interface AnswerParts {
  readonly rcode?: number;
  readonly answers?: Answer[];
  readonly authorities?: Answer[];
  readonly additionals?: Answer[];
  readonly truncated?: boolean;
}

function encodeAnswer(query: Packet, parts: AnswerParts): Buffer {
  const recursionDesired = (query.flags ?? 0) & 0x0100;
  const flags = AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | recursionDesired | (parts.rcode ?? 0);
  const edns = query.additionals?.some((record) => record.type === "OPT");
  const opt = { type: "OPT", name: ".", udpPayloadSize: maximumUdpSize, flags: 0, options: [] } as unknown as Answer;
  return encode({
    type: "response",
    id: query.id ?? 0,
    flags: flags | (parts.truncated ? 0x0200 : 0),
    questions: query.questions ?? [],
    answers: parts.answers ?? [],
    authorities: parts.authorities ?? [],
    additionals: [...(parts.additionals ?? []), ...(edns ? [opt] : [])],
  });
}

function udpSize(query: Packet): number {
  const opt = query.additionals?.find((record) => record.type === "OPT") as { udpPayloadSize?: number } | undefined;
  return Math.min(maximumUdpSize, Math.max(defaultUdpSize, opt?.udpPayloadSize ?? defaultUdpSize));
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
