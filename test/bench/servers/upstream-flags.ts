/**
 * Flags of upstream's programs, the same wherever they run: on the host beside mini's API server, and in a node. What is
 * not given here has upstream's default.
 */
import { join } from "node:path";

export interface Store {
  readonly folder: string;
  readonly client: string;
  readonly peer: string;
}

export function etcdFlags({ folder, client, peer }: Store): string[] {
  return [
    `--data-dir=${folder}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    "--log-level=error",
  ];
}

export interface ApiServerOptions {
  readonly store: string;
  readonly bind: string;
  readonly advertise: string;
  readonly port: number;
  /** Holds ca.crt, service-account.{key,pub} and the serving certificate. */
  readonly pki: string;
  /** Name of the serving certificate's two files, without ending. */
  readonly serving: string;
}

export function apiServerFlags({ store, bind, advertise, port, pki, serving }: ApiServerOptions): string[] {
  return [
    `--etcd-servers=${store}`,
    `--bind-address=${bind}`,
    `--advertise-address=${advertise}`,
    `--secure-port=${port}`,
    `--tls-cert-file=${join(pki, `${serving}.crt`)}`,
    `--tls-private-key-file=${join(pki, `${serving}.key`)}`,
    `--client-ca-file=${join(pki, "ca.crt")}`,
    "--authorization-mode=Node,RBAC",
    "--service-cluster-ip-range=10.96.0.0/12",
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-key-file=${join(pki, "service-account.pub")}`,
    `--service-account-signing-key-file=${join(pki, "service-account.key")}`,
    "--allow-privileged=true",
  ];
}

/** Of scheduler and controller manager. Their default of 50 (20) requests a second would be measured instead of them. */
export const schedulerFlags = (kubeconfig: string): string[] => [
  `--kubeconfig=${kubeconfig}`,
  "--leader-elect=false",
  "--secure-port=0",
  "--kube-api-qps=5000",
  "--kube-api-burst=5000",
];

export function managerFlags(pki: string, kubeconfig: string): string[] {
  return [
    ...schedulerFlags(kubeconfig),
    "--use-service-account-credentials=true",
    `--service-account-private-key-file=${join(pki, "service-account.key")}`,
    `--root-ca-file=${join(pki, "ca.crt")}`,
    `--cluster-signing-cert-file=${join(pki, "ca.crt")}`,
    `--cluster-signing-key-file=${join(pki, "ca.key")}`,
    "--allocate-node-cidrs=true",
    "--cluster-cidr=10.244.0.0/16",
  ];
}

/** `user`: name of a client certificate's two files in `pki`, without ending. */
export function renderKubeconfig(server: string, pki: string, user: string): string {
  const file = (name: string): string => join(pki, name);
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "bench", cluster: { server, "certificate-authority": file("ca.crt") } }],
    users: [{ name: user, user: { "client-certificate": file(`${user}.crt`), "client-key": file(`${user}.key`) } }],
    contexts: [{ name: "bench", context: { cluster: "bench", user } }],
    "current-context": "bench",
  });
}
