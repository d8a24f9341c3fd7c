import { once } from "node:events";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { type Answer, decode, encode, type Packet, type Question } from "dns-packet";
import { describe, expect, it } from "vitest";
import type { Service } from "../../kinds/generated/core-v1.ts";
import type { EndpointSlice } from "../../kinds/generated/discovery-v1.ts";
import type { ClusterView } from "./records.ts";
import { answerQuery, serveTcp } from "./server.ts";

const domain = "cluster.local";
const namespace = "observability-production";
const long = "my-release-elasticsearch-master-headless";

const headless = (name: string): Service => ({
  metadata: { name, namespace },
  spec: { clusterIP: "None", ports: [{ name: "http", port: 9200, protocol: "TCP" }] },
});
const external = (name: string, externalName: string): Service => ({
  metadata: { name, namespace },
  spec: { type: "ExternalName", externalName },
});
const inside = (name: string): string => `${name}.${namespace}.svc.${domain}`;
const chain = Array.from({ length: 12 }, (_, index) => external(`hop${index}`, inside(`hop${index + 1}`)));
const services = [
  headless(long),
  headless("many"),
  external("alias", inside("many")),
  external("outside", "target.example.com"),
  external("missing", inside("none")),
  external("one", inside("other")),
  external("other", inside("one")),
  ...chain,
];
const slice = (count: number): EndpointSlice => ({
  metadata: { namespace },
  addressType: "IPv4",
  ports: [{ name: "http", port: 9200, protocol: "TCP" }],
  endpoints: Array.from({ length: count }, (_, index) => ({
    addresses: [`10.98.${index >> 8}.${index & 255}`],
    hostname: `my-release-elasticsearch-master-${index}`,
    conditions: { ready: true },
  })),
});
const view: ClusterView = {
  service: (_namespace, name) => services.find(({ metadata }) => metadata?.name === name),
  slices: (_namespace, name) => (name === "many" ? [slice(2000)] : [slice(6)]),
  hasNamespace: () => true,
  servicesByAddress: () => [],
  slicesByAddress: () => [],
};

interface Ask {
  readonly viaTcp?: boolean;
  /** What the asker says that it takes. */
  readonly size?: number;
  readonly ednsVersion?: number;
  readonly forwarded?: Buffer;
}

interface Told extends Packet {
  readonly bytes: number;
  readonly truncated: boolean;
  readonly answers: Answer[];
  readonly additionals: Answer[];
}

async function ask(
  name: string,
  type: string,
  { viaTcp = false, size, ednsVersion = 0, forwarded }: Ask = {},
): Promise<Told> {
  const opt = { type: "OPT", name: ".", udpPayloadSize: size, ednsVersion, flags: 0, options: [] } as unknown as Answer;
  const query = encode({
    type: "query",
    id: 7,
    flags: 0x0100,
    questions: [{ type, name, class: "IN" } as Question],
    additionals: size === undefined ? [] : [opt],
  });
  const forwarder = { forward: async () => forwarded };
  const answer = (await answerQuery(query, { domain, view, forwarder, viaTcp })) as Buffer;
  const packet = decode(answer) as Packet & { flag_tc: boolean };
  const { answers = [], additionals = [] } = packet;
  return { ...packet, answers, additionals, bytes: answer.length, truncated: packet.flag_tc };
}

const records = ({ additionals }: Told): Answer[] => additionals.filter(({ type }) => type !== "OPT");
const addresses = (count: number): Buffer =>
  encode({
    type: "response",
    answers: Array.from({ length: count }, (_, index) => ({
      type: "A",
      name: "target.example.com",
      ttl: 9,
      data: `192.0.2.${index}`,
    })),
  });

it.each([inside("many"), "example.com"])(
  "askers of another version of EDNS are told which there is: %s",
  async (name) => {
    const told = await ask(name, "A", { size: 1232, ednsVersion: 1, forwarded: addresses(1) });
    expect(told).toMatchObject({ id: 7, type: "response", rcode: "NOERROR", questions: [], answers: [] });
    const version = { type: "OPT", extendedRcode: 1, ednsVersion: 0 };
    expect(told.additionals).toEqual([expect.objectContaining(version)]);
  },
);

describe("answers over UDP", () => {
  it("carry what fits, and say that there is more", async () => {
    const told = await ask(inside(long), "SRV");
    expect(told).toMatchObject({ truncated: true, id: 7, type: "response" });
    expect(told.bytes).toBeLessThanOrEqual(512);
    // A target is written in full each time; its address only points there.
    expect(told.answers.length).toBeGreaterThanOrEqual(3);
    expect(told.answers[0]).toMatchObject({
      data: { port: 9200, target: `my-release-elasticsearch-master-0.${inside(long)}` },
    });
  });

  it("have their names once, so that many addresses fit", async () => {
    const { truncated, answers, bytes } = await ask(inside(long), "A");
    expect([truncated, answers.length]).toEqual([false, 6]);
    const name = inside(long);
    expect(bytes).toBe(12 + name.length + 2 + 4 + 6 * 16);
    expect((await ask(inside("many"), "A")).answers).toHaveLength(
      Math.floor((512 - 12 - inside("many").length - 2 - 4) / 16),
    );
  });

  it.each([
    [100, 512],
    [512, 512],
    [800, 800],
    [1232, 1232],
    [65_535, 1232],
  ])("are no longer than an asker of %d takes: %d", async (size, limit) => {
    const told = await ask(inside("many"), "A", { size });
    expect(told.truncated).toBe(true);
    expect(told.bytes).toBeLessThanOrEqual(limit);
    expect(told.bytes).toBeGreaterThan(limit - 16);
    expect(told.additionals).toEqual([expect.objectContaining({ type: "OPT", udpPayloadSize: 1232 })]);
  });

  it("leave out additional addresses first, and say so", async () => {
    const told = await ask(inside(long), "SRV", { size: 980 });
    expect(told.answers).toHaveLength(6);
    expect(records(told).length).toBeLessThan(6);
    expect(told.truncated).toBe(true);
    expect(records(await ask(inside(long), "SRV", { size: 1232 }))).toHaveLength(6);
  });

  it("are whole over TCP", async () => {
    const told = await ask(inside("many"), "A", { viaTcp: true });
    expect([told.truncated, told.answers.length]).toEqual([false, 2000]);
    const srv = await ask(inside("many"), "SRV", { viaTcp: true });
    expect(srv.bytes).toBeLessThanOrEqual(65_535);
    expect(srv.truncated).toBe(true);
  });
});

describe("aliases", () => {
  const names = ({ answers }: Told) => answers.map(({ type, name }) => `${type} ${name}`);

  it("are followed in the cluster, within the size", async () => {
    const told = await ask(inside("alias"), "A");
    expect(told.truncated).toBe(true);
    expect(told.bytes).toBeLessThanOrEqual(512);
    expect(names(told).slice(0, 2)).toEqual([`CNAME ${inside("alias")}`, `A ${inside("many")}`]);
    expect((await ask(inside("alias"), "A", { viaTcp: true })).answers).toHaveLength(2001);
  });

  it("are followed outside, within the size", async () => {
    const few = await ask(inside("outside"), "A", { forwarded: addresses(2) });
    expect(names(few)).toEqual([`CNAME ${inside("outside")}`, "A target.example.com", "A target.example.com"]);
    const many = await ask(inside("outside"), "A", { forwarded: addresses(100) });
    expect([many.truncated, many.bytes <= 512]).toEqual([true, true]);
    expect(await ask(inside("outside"), "A")).toMatchObject({ rcode: "NOERROR", answers: [{ type: "CNAME" }] });
    const cut = encode({ type: "response", flags: 0x0200, answers: [] });
    expect((await ask(inside("outside"), "A", { forwarded: cut })).truncated).toBe(true);
  });

  it("end where they lead nowhere, in a circle, or on and on", async () => {
    expect(names(await ask(inside("missing"), "A"))).toEqual([`CNAME ${inside("missing")}`]);
    expect(names(await ask(inside("one"), "A"))).toEqual([`CNAME ${inside("one")}`, `CNAME ${inside("other")}`]);
    expect((await ask(inside("hop0"), "A", { viaTcp: true })).answers).toHaveLength(9);
    expect((await ask(inside("hop0"), "CNAME")).answers).toHaveLength(1);
  });
});

it("shortens what a name server has sent for an asker that cannot take it", async () => {
  const told = await ask("target.example.com", "A", { forwarded: addresses(100) });
  expect([told.truncated, told.bytes <= 512]).toEqual([true, true]);
  expect((await ask("target.example.com", "A", { forwarded: addresses(100), viaTcp: true })).answers).toHaveLength(100);
});

it("reads no more questions over TCP than whose answers are taken", async () => {
  const questions = 100;
  let asked = 0;
  let told = 0;
  /** Ends of writes, while the asker takes nothing. */
  let waiting: (() => void)[] | undefined = [];
  const connection = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => {
      if (waiting === undefined) done();
      else waiting.push(done);
    },
  });
  const socket = Object.assign(connection, { setTimeout: () => connection }) as unknown as Socket;
  const answered = once(connection, "answered");
  serveTcp(socket, async () => {
    asked++;
    queueMicrotask(() => ++told === questions && connection.emit("answered"));
    return Buffer.alloc(60_000);
  });
  for (let index = 0; index < questions; index++) connection.push(Buffer.from([0, 2, 0, index]));
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(asked).toBeGreaterThan(0);
  expect(asked).toBeLessThanOrEqual(8);
  const done = waiting;
  waiting = undefined;
  for (const each of done) each();
  await answered;
  expect(asked).toBe(questions);
});
