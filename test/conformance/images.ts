/**
 * Describes the images of upstream's suite: name, layers, entry point. Everything comes from the compiled programs, the
 * module's own data files and Debian's packages; nothing is downloaded by name.
 *
 *   node test/conformance/images.ts CACHE MODULE_IMAGES
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type OciImage, type TarEntry, tar, writeOciArchive } from "../../images/oci-archive.ts";

const [cache, moduleImages] = process.argv.slice(2);
if (cache === undefined || moduleImages === undefined) throw new Error("usage: images.ts CACHE MODULE_IMAGES");

const registry = "registry.k8s.io/e2e-test-images";
const program = (name: string): Buffer => readFileSync(join(cache, "bin", name));
const data = (path: string): Buffer => readFileSync(join(moduleImages, path));
const executable = (name: string, content: Buffer, mode = 0o755): TarEntry => ({ name, mode, content });
const file = (name: string, content: Buffer | string): TarEntry => ({ name, mode: 0o644, content });
const folder = (name: string, mode = 0o755): TarEntry => ({ name, type: "directory", mode });
const link = (name: string, linkname: string): TarEntry => ({ name, type: "symlink", linkname });

const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const base = readFileSync(join(cache, "base.tar"));

const passwd = [
  "root:x:0:0:root:/root:/bin/bash",
  "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
  "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin",
  "user-defined-in-image:x:1000:1000::/home/user-defined-in-image:/bin/sh",
];
const group = [
  "root:x:0:",
  "nogroup:x:65534:",
  "www-data:x:33:",
  "adm:x:4:",
  "user-defined-in-image:x:1000:",
  "group-defined-in-image:x:50000:user-defined-in-image",
];

const agnhostLayer = await tar([
  executable("agnhost", program("agnhost")),
  link("agnhost-2", "agnhost"),
  folder("uploads/"),
  file("localhost.crt", data("agnhost/porter/localhost.crt")),
  file("localhost.key", data("agnhost/porter/localhost.key")),
  file("etc/passwd", `${passwd.join("\n")}\n`),
  file("etc/group", `${group.join("\n")}\n`),
]);

/** The server of upstream's DNS tests outside Conformance, where compile-upstream was asked for it. */
const dnsLayers = existsSync(join(cache, "bin/coredns"))
  ? [await tar([executable("coredns", program("coredns"))])]
  : [];

const busyboxFile = join(cache, "debian/busybox");
const applets = execFileSync(busyboxFile, ["--list"], { encoding: "utf8" }).trim().split("\n");
const busybox = readFileSync(busyboxFile);
const busyboxLayer = await tar([
  ...["bin/", "etc/", "home/", "root/", "usr/", "usr/bin/", "usr/sbin/", "var/", "var/www/"].map((name) =>
    folder(name),
  ),
  folder("tmp/", 0o1777),
  executable("bin/busybox", busybox),
  ...applets.filter((name) => name !== "busybox").map((name) => link(`bin/${name}`, "busybox")),
  // Debian's busybox shell drops variables such as `data-1`, which upstream's passes on. Tests of those ask for `sh`,
  // tests of the shell's messages for `/bin/sh`.
  executable("usr/bin/sh", readFileSync(join(cache, "debian/bash-static"))),
  link("usr/bin/env", "/bin/busybox"),
  file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n"),
  file("etc/group", "root:x:0:\nnogroup:x:65534:\nnobody:x:65534:\n"),
]);

const nginxLayer = await tar([
  folder("usr/share/nginx/html/"),
  file("usr/share/nginx/html/index.html", "<html><title>Welcome to nginx!</title><h1>Welcome to nginx!</h1></html>\n"),
  file(
    "etc/nginx/sites-enabled/default",
    "server { listen 80 default_server; root /usr/share/nginx/html; index index.html; }\n",
  ),
]);

const agnhost = { Entrypoint: ["/agnhost"], Env: [path], WorkingDir: "/" };
const nginx = { Cmd: ["nginx", "-g", "daemon off;"], Env: [path], ExposedPorts: { "80/tcp": {} } };

const images: OciImage[] = [
  {
    references: [`${registry}/agnhost:2.63.0`, `${registry}/agnhost:2.55`],
    layers: [base, agnhostLayer, ...dnsLayers],
    config: { ...agnhost, Cmd: ["pause"] },
  },
  ...(await Promise.all(
    ["kitten", "nautilus"].map(async (name) => ({
      references: [`${registry}/${name}:1.8`],
      layers: [
        base,
        agnhostLayer,
        await tar([
          // Upstream's are made on Alpine; the test of image volumes looks for its name in what it mounted.
          file("etc/os-release", 'NAME="Alpine Linux"\nID=alpine\n'),
          file(`${name}.jpg`, data(`${name}/html/${name}.jpg`)),
          file("data.json", data(`${name}/html/data.json`)),
        ]),
      ],
      config: { ...agnhost, Cmd: ["test-webserver"] },
    })),
  )),
  { references: [`${registry}/busybox:1.37.0-1`], layers: [busyboxLayer], config: { Cmd: ["sh"], Env: [path] } },
  { references: [`${registry}/nginx:1.15-4`, `${registry}/nginx:1.27-0`], layers: [base, nginxLayer], config: nginx },
  { references: [`${registry}/perl:5.26`], layers: [base], config: { Cmd: ["perl", "-de0"], Env: [path] } },
  {
    references: ["registry.k8s.io/build-image/distroless-iptables:v0.9.6"],
    layers: [base],
    config: { Cmd: ["sh"], Env: [path] },
  },
  { references: [`${registry}/nonroot:1.5`], layers: [base], config: { Cmd: ["bash"], User: "1234", Env: [path] } },
  {
    references: [`${registry}/ipc-utils:1.4`, `${registry}/glibc-dns-testing:2.0.0`],
    layers: [base],
    config: { Cmd: ["sh"], Env: [path] },
  },
  {
    references: [`${registry}/nonewprivs:1.4`],
    layers: [base, await tar([executable("usr/local/bin/nnp", program("nonewprivs"), 0o4755)])],
    config: { Cmd: ["nnp"], Env: [path] },
  },
  {
    references: [`${registry}/regression-issue-74839:1.4`],
    layers: [base, await tar([executable("regression-issue-74839", program("regression-issue-74839"))])],
    config: { Entrypoint: ["/regression-issue-74839"], Env: [path] },
  },
  {
    references: [`${registry}/resource-consumer:1.14`],
    layers: [
      base,
      await tar([
        executable("consumer", program("resource-consumer")),
        executable("consume-cpu", program("consume-cpu")),
      ]),
    ],
    config: { Entrypoint: ["/consumer"], Env: [path] },
  },
  {
    references: [`${registry}/sample-apiserver:1.29.2`],
    layers: [base, await tar([executable("sample-apiserver", program("sample-apiserver"))])],
    config: { Entrypoint: ["/sample-apiserver"], Env: [path] },
  },
  {
    references: ["registry.k8s.io/etcd:3.6.8-0"],
    layers: [
      base,
      await tar(
        ["etcd", "etcdctl"].map((name) =>
          executable(`usr/local/bin/${name}`, readFileSync(join(cache, "debian", name))),
        ),
      ),
    ],
    config: { Env: [path] },
  },
  {
    references: ["registry.k8s.io/pause:3.10.2"],
    layers: [await tar([executable("pause", readFileSync(join(cache, "debian/catatonit")))])],
    config: { Entrypoint: ["/pause", "-P"], User: "65535:65535" },
  },
];

await writeOciArchive(images, join(cache, "images.tar"));
console.log(images.flatMap((image) => image.references).join("\n"));
