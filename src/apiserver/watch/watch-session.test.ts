import { EventEmitter } from "node:events";
import { expect, it } from "vitest";
import type { HttpResponse } from "../types.ts";
import { CachedObject } from "./cached-object.ts";
import { encodeStored } from "./object-bytes.ts";
import { type CacheEvent, EventFrames } from "./resource-cache.ts";
import type { WatchCache } from "./watch-cache.ts";
import { WatchSession } from "./watch-session.ts";

class Response extends EventEmitter {
  readonly sent: string[] = [];
  readonly writableLength = 0;
  ended = false;
  destroyed = false;
  /** Whether the client reads. */
  taken = true;
  write(bytes: Buffer): boolean {
    this.sent.push(...bytes.toString().trim().split("\n"));
    return this.taken;
  }
  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }
  end(): void {
    this.ended = true;
  }
}

const object = CachedObject.fromStored(
  { key: "/registry/example.com/things/default/one", namespace: "default", name: "one", createRevision: 7 },
  7,
  encodeStored({ apiVersion: "example.com/v1", kind: "Thing", metadata: { name: "one" } }),
);
const event: CacheEvent = { type: "ADDED", revision: 7, object, previous: undefined, frames: new EventFrames() };

const identity = object.identity;
const large = (revision: number): CachedObject => {
  const data = "x".repeat(1024 * 1024);
  return CachedObject.fromStored(
    identity,
    revision,
    encodeStored({ apiVersion: "v1", kind: "Thing", metadata: {}, data }),
  );
};
const eventOf = (revision: number): CacheEvent => ({
  type: "MODIFIED",
  revision,
  object: large(revision),
  previous: large(revision - 1),
  frames: new EventFrames(),
});
const encoding = {
  key: "",
  one: ({ bytes }: CachedObject) => bytes,
  bookmark: (metadata: object) => Buffer.from(JSON.stringify({ metadata })),
};
const prefix = "/registry/example.com/things/";

it("cuts off who does not read the state, before it keeps all that is written meanwhile", async () => {
  let happen: (event: CacheEvent) => void = () => undefined;
  let subscribed = false;
  const response = new Response();
  response.taken = false;
  const session = new WatchSession(response as unknown as HttpResponse, {
    cache: { revision: 6 } as WatchCache,
    resource: {
      prefix,
      list: () => [large(5), large(6)],
      eventsAfter: () => [],
      subscribe(subscriber) {
        happen = subscriber;
        subscribed = true;
        return () => {
          subscribed = false;
        };
      },
    },
    prefix,
    matches: undefined,
    encoding,
    afterRevision: undefined,
    initialState: "plain",
    bookmarks: true,
  });
  const running = session.run();
  for (let revision = 7; revision <= 21; revision++) happen(eventOf(revision));
  expect([response.destroyed, subscribed]).toEqual([false, true]);
  happen(eventOf(22));
  expect([response.destroyed, subscribed]).toEqual([true, false]);
  await running;
});

it("reads no more of the past than the client takes", async () => {
  const response = new Response();
  response.taken = false;
  const asked: number[] = [];
  const cache = {
    revision: 100,
    async eventsAfter(_: unknown, { after, limit }: { after: number; limit: number }) {
      asked.push(limit);
      const events = Array.from({ length: Math.min(limit, 100 - after) }, (_each, index) => eventOf(after + 1 + index));
      return { events, whole: events.length < limit };
    },
  };
  const session = new WatchSession(response as unknown as HttpResponse, {
    cache: cache as unknown as WatchCache,
    resource: { prefix, list: () => [], eventsAfter: () => undefined, subscribe: () => () => undefined },
    prefix,
    matches: undefined,
    encoding,
    afterRevision: 0,
    initialState: "none",
    bookmarks: false,
  });
  const running = session.run();
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  await turn();
  expect([asked, response.sent.length]).toEqual([[1], 1]);
  response.emit("drain");
  await turn();
  // Each event holds two objects of a megabyte.
  expect([asked, response.sent.length]).toEqual([[1, 1], 2]);
  response.taken = true;
  response.emit("drain");
  await running;
  await turn();
  expect([response.sent.length, Math.max(...asked)]).toEqual([100, 1]);
});

it("bookmarks a revision, and ends, only when the events up to there are sent, however late they come", async () => {
  const { promise: converted, resolve: convert } = Promise.withResolvers<void>();
  let chain: Promise<void> = Promise.resolve();
  let happen: (event: CacheEvent) => void = () => undefined;
  const response = new Response();
  const session = new WatchSession(response as unknown as HttpResponse, {
    cache: { revision: 6 } as WatchCache,
    resource: {
      prefix: "/registry/example.com/things/",
      list: () => [],
      eventsAfter: () => [],
      settled(then) {
        chain = chain.then(then);
      },
      subscribe(subscriber) {
        happen = (each) => {
          chain = converted.then(() => subscriber(each));
        };
        return () => undefined;
      },
    },
    prefix: "/registry/example.com/things/",
    matches: undefined,
    encoding: {
      key: "",
      one: ({ bytes }) => bytes,
      bookmark: (metadata) => Buffer.from(JSON.stringify({ metadata })),
    },
    afterRevision: undefined,
    initialState: "none",
    bookmarks: true,
  });
  await session.run();
  happen(event);
  session.bookmark(7);
  session.end();
  expect(response.ended).toBe(false);
  convert();
  await chain;
  expect(response.sent.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual(["ADDED", "BOOKMARK"]);
  expect(response.ended).toBe(true);
});
