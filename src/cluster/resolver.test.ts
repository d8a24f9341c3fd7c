import { describe, expect, it } from "vitest";
import { readResolver } from "./resolver.ts";

const network = { subnet: "192.168.39.0/24", gateway: "192.168.39.1" };
const host = (files: Readonly<Record<string, string>>) => (path: string) => Promise.resolve(files[path]);
const stub = "nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch corp.example lab.example\n";

describe("the host's resolver", () => {
  it("is taken as it is where nodes can reach it, with its search list", async () => {
    const files = {
      "/etc/resolv.conf": "# mine\ndomain old\nsearch a.example .\nnameserver 192.0.2.1\nnameserver ::1\n",
    };
    expect(await readResolver({ driver: "runc", network }, host(files))).toEqual({
      nameservers: ["192.0.2.1"],
      search: ["a.example"],
      throughHost: [],
    });
  });

  it.each(["/run/systemd/resolve/resolv.conf", "/run/NetworkManager/no-stub-resolv.conf"])(
    "is whom a resolver on loopback asks, as %s says",
    async (path) => {
      const files = { "/etc/resolv.conf": stub, [path]: "nameserver 192.0.2.7\nsearch other.example\n" };
      expect(await readResolver({ driver: "runc", network }, host(files))).toEqual({
        nameservers: ["192.0.2.7"],
        search: ["corp.example", "lab.example"],
        throughHost: [],
      });
    },
  );

  it.each([
    ["on loopback", stub, ["127.0.0.53"]],
    [
      "with IPv6 addresses",
      "nameserver 2001:db8::53\nnameserver fe80::1%eth0\nsearch corp.example lab.example",
      ["2001:db8::53", "fe80::1%eth0"],
    ],
  ])("is asked by the host for the nodes where it is %s", async (_what, text, throughHost) => {
    const search = ["corp.example", "lab.example"];
    const files = { "/etc/resolv.conf": text };
    const qemu = await readResolver({ driver: "qemu2", network }, host(files));
    expect(qemu).toEqual({ nameservers: [network.gateway], search, throughHost: [] });
    const runc = await readResolver({ driver: "runc", network }, host(files));
    expect(runc).toEqual({ nameservers: ["169.254.53.53"], search, throughHost });
  });

  it("says so where there is none", async () => {
    const { warning } = await readResolver({ driver: "runc", network }, host({ "/etc/resolv.conf": "" }));
    expect(warning).toContain("This machine has no name server");
    const unreadable = () => Promise.reject(new Error("EACCES"));
    expect((await readResolver({ driver: "runc", network }, unreadable)).nameservers).toEqual([network.gateway]);
  });
});
