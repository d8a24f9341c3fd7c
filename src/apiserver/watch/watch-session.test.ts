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
  write(bytes: Buffer): boolean {
    this.sent.push(...bytes.toString().trim().split("\n"));
    return true;
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
