import { describe, expect, it } from "vitest";
import { createForwarder } from "./forwarder.ts";

const query = Buffer.from("123401000001000000000000076578616d706c6503636f6d0000010001", "hex");

describe("a name server that cannot be reached", () => {
  // UDP may not go to the broadcast address, which fails as a missing route does: at once, when connecting.
  it.each([false, true])("gives no answer, and does no harm (over TCP: %s)", async (viaTcp) => {
    expect(await createForwarder(["255.255.255.255"]).forward(query, viaTcp)).toBeUndefined();
  });
});
