/** Every key and certificate of a profile, kept in its folder `pki` and copied from there into the nodes' seeds. */
import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { readFileIfPresent, writeFileAtomically } from "../lib/atomic-file.ts";
import {
  type CertificateUsage,
  certificateExpiry,
  createAuthority,
  createKeyPair,
  type IssuedCertificate,
  issueCertificate,
} from "../lib/certificates.ts";
import { profileFolder } from "./home.ts";
import { controlPlane, type Profile, type ProfileNode } from "./profile.ts";

const authorityDays = 3650;
const certificateDays = 365;
/** Certificates with less time left are renewed when the cluster starts. */
const renewalMs = 30 * 86_400_000;

interface CertificateRequest {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly usages: readonly CertificateUsage[];
}

const client = (commonName: string, ...organizations: string[]): CertificateRequest => ({
  commonName,
  organizations,
  usages: ["client"],
});

/** Files of a node's `pki` folder that only a control plane gets. */
export const controlPlaneFiles = [
  ...["ca.key", "service-account.key", "service-account.pub", "front-proxy-ca.crt", "front-proxy-ca.key"],
  ...[
    "apiserver",
    "apiserver-kubelet-client",
    "front-proxy-client",
    "admin",
    "controller-manager",
    "scheduler",
  ].flatMap((name) => [`${name}.crt`, `${name}.key`]),
];

/** The profile's folder of keys and certificates, 0700. */
export function pkiFolder(profile: string): string {
  return join(profileFolder(profile), "pki");
}

/**
 * Makes what is missing and renews what ends within 30 days; what is good stays. Node
 * certificates are named NODE/kubelet.crt and so on.
 */
export async function ensurePki(profile: Profile): Promise<void> {
  const folder = pkiFolder(profile.name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const authority = await ensureAuthority(folder, "ca", "miniCA");
  const frontProxy = await ensureAuthority(folder, "front-proxy-ca", "front-proxy-ca");
  await ensureServiceAccountKey(folder);
  const shared: [string, CertificateRequest][] = [
    ["apiserver", apiServerCertificate(profile)],
    ["apiserver-kubelet-client", client("kube-apiserver-kubelet-client", "system:masters")],
    ["admin", client("kubernetes-admin", "system:masters")],
    ["controller-manager", client("system:kube-controller-manager")],
    ["scheduler", client("system:kube-scheduler")],
  ];
  await Promise.all([
    ...shared.map(([name, request]) => ensureCertificate(folder, name, request, authority)),
    ensureCertificate(folder, "front-proxy-client", client("front-proxy-client"), frontProxy),
    ...profile.nodes.flatMap((node) =>
      nodeCertificates(node).map(([name, request]) =>
        ensureCertificate(folder, `${node.name}/${name}`, request, authority),
      ),
    ),
  ]);
}

/** What goes into a node's seed at `pki/`: file name to contents. */
export async function nodePki(profile: Profile, node: ProfileNode): Promise<Map<string, string>> {
  const folder = pkiFolder(profile.name);
  const names = ["ca.crt", ...(node.role === "control-plane" ? controlPlaneFiles : [])];
  const own = nodeCertificates(node).flatMap(([name]) => [`${name}.crt`, `${name}.key`]);
  const files = [...names.map((name) => [name, name]), ...own.map((name) => [name, `${node.name}/${name}`])];
  const contents = new Map<string, string>();
  for (const [name = "", path = ""] of files) contents.set(name, (await readFileIfPresent(join(folder, path))) ?? "");
  return contents;
}

/** The administrator's credentials and the authority of the API server. */
export async function adminCredentials(profile: string): Promise<{ ca: string; certificate: string; key: string }> {
  const folder = pkiFolder(profile);
  const [ca = "", certificate = "", key = ""] = await Promise.all(
    ["ca.crt", "admin.crt", "admin.key"].map((name) => readFileIfPresent(join(folder, name))),
  );
  return { ca, certificate, key };
}

function apiServerCertificate(profile: Profile): CertificateRequest {
  const names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];
  const { name, address } = controlPlane(profile);
  return {
    commonName: "kube-apiserver",
    dnsNames: ["localhost", name, ...names],
    ipAddresses: ["127.0.0.1", address, "10.96.0.1"],
    usages: ["server"],
  };
}

function nodeCertificates(node: ProfileNode): [string, CertificateRequest][] {
  const { name, address } = node;
  return [
    ["kubelet-client", client(`system:node:${name}`, "system:nodes")],
    [
      "kubelet",
      {
        commonName: `system:node:${name}`,
        organizations: ["system:nodes"],
        dnsNames: [name, "localhost"],
        ipAddresses: [address, "127.0.0.1"],
        usages: ["server"],
      },
    ],
    ["kube-proxy", client("system:kube-proxy", "system:node-proxier")],
  ];
}

async function ensureAuthority(folder: string, name: string, commonName: string): Promise<IssuedCertificate> {
  const found = await readCertificate(folder, name);
  if (found !== undefined) return found;
  const authority = await createAuthority({ commonName, validityDays: authorityDays });
  await writeCertificate(folder, name, authority);
  return authority;
}

async function ensureServiceAccountKey(folder: string): Promise<void> {
  const key = join(folder, "service-account.key");
  if ((await readFileIfPresent(key)) !== undefined) return;
  const { privateKey, publicKey } = await createKeyPair();
  await writeFileAtomically(join(folder, "service-account.pub"), publicKey, { mode: 0o644 });
  await writeFileAtomically(key, privateKey);
}

async function ensureCertificate(
  folder: string,
  name: string,
  request: CertificateRequest,
  authority: IssuedCertificate,
): Promise<void> {
  const found = await readCertificate(folder, name);
  if (found !== undefined && certificateExpiry(found.certificate) - Date.now() > renewalMs) return;
  await writeCertificate(
    folder,
    name,
    await issueCertificate({ authority, ...request, validityDays: certificateDays }),
  );
}

async function readCertificate(folder: string, name: string): Promise<IssuedCertificate | undefined> {
  const certificate = await readFileIfPresent(join(folder, `${name}.crt`));
  const privateKey = await readFileIfPresent(join(folder, `${name}.key`));
  return certificate === undefined || privateKey === undefined ? undefined : { certificate, privateKey };
}

async function writeCertificate(
  folder: string,
  name: string,
  { certificate, privateKey }: IssuedCertificate,
): Promise<void> {
  await writeFileAtomically(join(folder, `${name}.key`), privateKey);
  await writeFileAtomically(join(folder, `${name}.crt`), certificate, { mode: 0o644 });
}
