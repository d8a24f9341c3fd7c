import type { LookupAddress } from "node:dns";
import { describe, expect, it, vi } from "vitest";
import { dialOptions } from "./proxyable-address.ts";

/** What a name server says of `rebound.example`, in turn. */
const said: string[][] = [];
vi.mock("node:dns", () => ({
  lookup: (name: string, _options: object, callback: (error: Error | null, found: LookupAddress[]) => void) => {
    const addresses = name === "rebound.example" ? said.shift() : undefined;
    if (addresses === undefined) callback(new Error(`getaddrinfo ENOTFOUND ${name}`), []);
    else
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
      );
  },
}));

function resolve(name: string, all: boolean): Promise<string | LookupAddress[]> {
  const { lookup } = dialOptions(name);
  return new Promise((done, fail) =>
    lookup(name, { all }, (error, found) => (error === null ? done(found) : fail(error))),
  );
}

describe("where the API server is led", () => {
  it.each(["127.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0", "169.254.169.254", "fe80::1%eth0", ""])(
    "is not to %j",
    (host) => expect(() => dialOptions(host)).toThrow("address not allowed"),
  );

  it("is to what a name was found to be, which is asked for once", async () => {
    said.push(["192.0.2.1", "2001:db8::1"], ["127.0.0.1"]);
    expect(await resolve("rebound.example", true)).toEqual([
      { address: "192.0.2.1", family: 4 },
      { address: "2001:db8::1", family: 6 },
    ]);
    await expect(resolve("rebound.example", true)).rejects.toMatchObject({ message: "address not allowed", code: 400 });
    said.push(["192.0.2.1"]);
    expect(await resolve("rebound.example", false)).toBe("192.0.2.1");
  });

  it("is nowhere where one of a name's addresses is this machine's", async () => {
    said.push(["192.0.2.1", "::1"], []);
    await expect(resolve("rebound.example", true)).rejects.toThrow("address not allowed");
    await expect(resolve("rebound.example", true)).rejects.toThrow("address not allowed");
    await expect(resolve("none.example", true)).rejects.toThrow("ENOTFOUND");
  });
});
