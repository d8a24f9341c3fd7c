import { describe, expect, it } from "vitest";
import { isGlobalUnicast } from "./ip-class.ts";

describe("global unicast addresses", () => {
  it.each(["10.0.0.1", "192.0.2.1", "8.8.8.8", "126.255.255.255", "fd00::1", "2001:db8::1", "::ffff:10.0.0.1"])(
    "%s is one",
    (address) => expect(isGlobalUnicast(address)).toBe(true),
  );

  it.each([
    "",
    "localhost",
    "127.0.0.1",
    "127.1.2.3",
    "127.1",
    "0x7f000001",
    "0.0.0.0",
    "0.0.0.1",
    "169.254.169.254",
    "224.0.0.1",
    "239.1.2.3",
    "255.255.255.255",
    "::",
    "0:0:0:0:0:0:0:0",
    "::1",
    "0:0:0:0:0:0:0:1",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "ff01::1",
    "ff02::1",
    "ff0e::1",
    "::ffff:127.0.0.1",
    "::FFFF:7F00:1",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
  ])("%s is none", (address) => expect(isGlobalUnicast(address)).toBe(false));
});
