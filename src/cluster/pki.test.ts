import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { issueCertificate } from "../lib/certificates.ts";
import { planNodes } from "./machine.ts";
import { controlPlaneFiles, ensurePki, nodePki, pkiFolder } from "./pki.ts";
import type { Profile } from "./profile.ts";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "mini-pki-"));
  vi.stubEnv("MINI_HOME", home);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true });
});

const profile = { name: "cl", nodes: planNodes("cl", 2, "192.168.39.1") } as unknown as Profile;

it("gives each node what it needs and no more, keeps what is good and renews what ends soon", async () => {
  await ensurePki(profile);
  const [first, worker] = profile.nodes;
  if (first === undefined || worker === undefined) throw new Error("two nodes were planned");
  const files = await nodePki(profile, first);
  const own = ["kubelet-client", "kubelet", "kube-proxy"].flatMap((name) => [`${name}.crt`, `${name}.key`]);
  expect([...files.keys()].sort()).toEqual(["ca.crt", ...controlPlaneFiles, ...own].sort());
  expect([...files.values()].every((text) => text.includes("-----BEGIN"))).toBe(true);
  expect([...(await nodePki(profile, worker)).keys()].sort()).toEqual(["ca.crt", ...own].sort());

  const server = new X509Certificate(files.get("apiserver.crt") ?? "");
  for (const address of ["127.0.0.1", "10.96.0.1", "192.168.39.2"]) expect(server.checkIP(address)).toBe(address);
  expect(server.checkHost("kubernetes.default.svc.cluster.local")).toBeDefined();
  const kubelet = new X509Certificate(files.get("kubelet-client.crt") ?? "");
  expect(kubelet.subject).toBe("O=system:nodes\nCN=system:node:cl");
  expect((await stat(join(pkiFolder("cl"), "admin.key"))).mode & 0o777).toBe(0o600);

  const path = join(pkiFolder("cl"), "admin.crt");
  const authority = { certificate: files.get("ca.crt") ?? "", privateKey: files.get("ca.key") ?? "" };
  const old = await issueCertificate({
    authority,
    commonName: "kubernetes-admin",
    usages: ["client"],
    validityDays: 29,
  });
  await writeFile(path, old.certificate);
  await ensurePki(profile);
  expect(await readFile(path, "utf8")).not.toBe(old.certificate);
  const after = await nodePki(profile, first);
  expect(after.get("apiserver.crt")).toBe(files.get("apiserver.crt"));
  expect(after.get("ca.crt")).toBe(files.get("ca.crt"));
});
