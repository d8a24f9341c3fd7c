/** A machine's resolver and proxies: what a cluster takes over of them, and what goes around them. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { decode, encode } from "dns-packet";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "./eventually.ts";
import { MiniCli, miniPath } from "./mini-cli.ts";
import { writeTestImage } from "./test-image.ts";

const cli = new MiniCli("net");
const ssh = async (script: string): Promise<string> => (await cli.mini(["ssh", "--", script])).stdout;
const containerdEnvironment = () => ssh("tr '\\0' '\\n' < /proc/$(pidof containerd)/environ");

afterAll(() => cli.cleanUp());

describe("proxies", () => {
  /** What a proxy was asked for, and with which credentials. */
  const asked: string[] = [];
  let proxy: Server;
  let url = "";

  beforeAll(async () => {
    proxy = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.writeHead(502).end();
    });
    proxy.on("connect", (request, socket) => {
      const [, credentials = ""] = (request.headers["proxy-authorization"] ?? "").split(" ");
      asked.push(`CONNECT ${request.url} ${Buffer.from(credentials, "base64").toString()}`);
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    });
    await new Promise<void>((resolve) => proxy.listen(0, resolve));
    url = `http://ada:s3cret@127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  afterAll(() => proxy.close());

  it("are told of, without passwords, and with what clients need", async () => {
    const env = { HTTPS_PROXY: url, https_proxy: "", HTTP_PROXY: "", http_proxy: "", NO_PROXY: "corp.example" };
    const { stdout, exitCode } = await cli.mini(["start", "--driver=runc"], { env });
    expect(exitCode, stdout).toBe(0);
    expect(stdout).toContain("Found network options:");
    expect(stdout).toContain(`HTTPS_PROXY=${url.replace("s3cret", "xxxxx")}`);
    const address = await cli.succeed("ip");
    expect(stdout).toContain(
      `You appear to be using a proxy, but your NO_PROXY environment does not include the mini IP (${address})`,
    );
    expect(stdout + (await cli.succeed("profile", "list", "-o", "json"))).not.toContain("s3cret");
    const excepted = { ...env, NO_PROXY: "192.168.0.0/16" };
    expect((await cli.mini(["start"], { env: excepted })).stdout).not.toContain("You appear to be using a proxy");
  });

  it("are gone around by kubectl and by mini itself", async () => {
    const env = { HTTPS_PROXY: url, HTTP_PROXY: url, NODE_USE_ENV_PROXY: "1" };
    expect(await cli.mini(["kubectl", "--", "get", "--raw=/readyz"], { env })).toMatchObject({ stdout: "ok" });
    expect((await cli.mini(["status"], { env })).exitCode).toBe(0);
    expect(asked).toEqual([]);
  });

  it("are what images are pulled through, a proxy on the host's loopback by way of the gateway", async () => {
    await cli.kubectl("newest", ["run", "far", "--image=registry.invalid/far:1"]);
    await eventually(async () => expect(asked).toContain("CONNECT registry.invalid:443 ada:s3cret"));
    const environment = await containerdEnvironment();
    expect(environment).toMatch(/^NO_PROXY=corp\.example,192\.168\.\d+\.0\/24,10\.244\.0\.0\/16,10\.96\.0\.0\/12,/m);
    expect(environment).not.toContain("HTTP_PROXY");
  });

  it("stay with the profile, for its next boots, until they are set to nothing", async () => {
    const other = { HTTPS_PROXY: "http://192.0.2.1:3128" };
    expect((await cli.mini(["start"], { env: other })).stdout).toContain("keeps the proxies that it has");
    await cli.succeed("stop");
    await cli.succeed("start");
    expect(await containerdEnvironment()).toContain("ada:s3cret");
    await cli.succeed("stop");
    await cli.mini(["start"], { env: { HTTPS_PROXY: "" } });
    expect(await containerdEnvironment()).not.toContain("PROXY");
  });
});

describe("a resolver on loopback", () => {
  /** As on a machine whose own files say so; other processes see nothing of it. */
  async function startWith(files: Readonly<Record<string, string>>): Promise<string> {
    const binds = Object.entries(files).map(([path, text], index) => {
      const source = join(cli.home, `resolver-${index}`);
      writeFileSync(source, text);
      return `mkdir -p ${dirname(path)}; [ -e ${path} ] || : > ${path}; mount --bind ${source} ${path}`;
    });
    // Folders of /run are made in a copy of it that ends with the process.
    const script = ["mount -t tmpfs none /run/systemd", ...binds, `exec ${miniPath} start --driver=runc`].join("; ");
    const unshared = ["--mount", "--propagation=slave", "sh", "-ec", `mkdir -p /run/systemd; ${script}`];
    const { stdout, stderr, exitCode } = await execa("unshare", unshared, { env: cli.environment(), reject: false });
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
    return stdout;
  }
  const stub = "nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch corp.example\n";

  it("is left for those that it asks, and pods have the machine's search list", async () => {
    await cli.succeed("delete");
    const files = { "/etc/resolv.conf": stub, "/run/systemd/resolve/resolv.conf": "nameserver 192.0.2.53\n" };
    expect(await startWith(files)).not.toContain("name server");
    expect(await ssh("cat /etc/resolv.conf")).toBe("nameserver 192.0.2.53\nsearch corp.example");
    await cli.succeed("stop");
  });

  it("is asked by the host where nothing else is known, for nodes, pods and pods with the node's resolver", async () => {
    const asked: string[] = [];
    const server = await serveNames("127.0.0.54", asked);
    try {
      await startWith({ "/etc/resolv.conf": "nameserver 127.0.0.54\nsearch corp.example\n" });
      expect(await ssh("cat /etc/resolv.conf")).toBe("nameserver 169.254.53.53\nsearch corp.example");
      await eventually(async () => expect(await ssh("nslookup far.test")).toContain("192.0.2.80"));
      const archive = join(cli.home, "image.tar");
      await writeTestImage("docker.io/test/busybox:1", archive);
      await cli.succeed("image", "load", archive);
      for (const dnsPolicy of ["ClusterFirst", "Default"]) {
        const overrides = JSON.stringify({ spec: { dnsPolicy } });
        const name = `asks-${dnsPolicy.toLowerCase()}`;
        await cli.kubectl("newest", ["run", name, "--image=docker.io/test/busybox:1", `--overrides=${overrides}`]);
        await cli.kubectl("newest", ["wait", `pod/${name}`, "--for=condition=Ready", "--timeout=120s"]);
        const lookUp = ["exec", name, "--", "nslookup", `${dnsPolicy.toLowerCase()}.test`];
        expect(await cli.kubectl("newest", lookUp)).toContain("192.0.2.80");
      }
      expect(asked).toEqual(expect.arrayContaining(["far.test", "clusterfirst.test", "default.test"]));
      // The agent's death takes its helper along, and brings another.
      await ssh("kill -KILL $(cat /run/mini/agent.pid)");
      await eventually(async () => expect(await ssh("nslookup again.test")).toContain("192.0.2.80"));
      await eventually(async () => expect(await ssh("ps | grep -c '[/]mini node host-resolver'")).toBe("1"));
    } finally {
      server.close();
    }
  });

  it("is told of where there is none", async () => {
    await cli.succeed("stop");
    expect(await startWith({ "/etc/resolv.conf": "" })).toContain("This machine has no name server");
  });
});

/** A name server that has one address for every name. */
async function serveNames(address: string, asked: string[]): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.on("message", (message, from) => {
    const { id, questions = [] } = decode(message);
    asked.push(...questions.map(({ name }) => name));
    const answers = questions
      .filter(({ type }) => type === "A")
      .map(({ name }) => ({ type: "A" as const, name, ttl: 5, data: "192.0.2.80" }));
    socket.send(
      encode({ type: "response", ...(id === undefined ? {} : { id }), flags: 0x8180, questions, answers }),
      from.port,
      from.address,
    );
  });
  socket.bind(53, address);
  await once(socket, "listening");
  return socket;
}
