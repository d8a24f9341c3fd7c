/**
 * What the launcher tells a node, written by src/cluster as `config.json` into the node's seed (an ISO 9660 disk for
 * VMs, a bind mount for runc, both read-only at /mini/seed), beside the `pki` folder.
 *
 * pki, control plane: ca.crt ca.key, apiserver.{crt,key}, apiserver-kubelet-client.{crt,key}, front-proxy-ca.{crt,key},
 * front-proxy-client.{crt,key}, service-account.{key,pub}, and for client use admin, controller-manager, scheduler;
 * every node: ca.crt, kubelet-client.{crt,key} (CN system:node:NAME, O system:nodes), kubelet.{crt,key} (serving,
 * 10250), kube-proxy.{crt,key}. PEM; ECDSA P-256. `ssh`: authorized_keys, ssh_host_ed25519_key.
 */
export interface NodeConfig {
  readonly version: 1;
  readonly profile: string;
  readonly nodeName: string;
  readonly role: "control-plane" | "worker";
  /** Further node labels; the control plane's own are added by the kubelet. */
  readonly labels: Readonly<Record<string, string>>;
  readonly network: {
    /** Address of the node, CIDR: `192.168.39.5/24`. The interface is eth0. */
    readonly address: string;
    readonly gateway: string;
    readonly nameservers: readonly string[];
    /** Domains of the host in which names are looked for. */
    readonly search: readonly string[];
    /**
     * The host's name servers where only the host reaches them; the node then answers for them at the first of its name
     * servers. Empty where it reaches its own.
     */
    readonly throughHost: readonly string[];
  };
  readonly controlPlane: {
    /** Where workers and clients reach the API server. */
    readonly address: string;
    readonly port: number;
  };
  readonly cluster: {
    /** 10.244.0.0/16; each node gets a /24 of it in spec.podCIDR. */
    readonly podSubnet: string;
    /** 10.96.0.0/12; kubernetes.default is .1. */
    readonly serviceSubnet: string;
    /** 10.96.0.10. */
    readonly dnsAddress: string;
    /** cluster.local */
    readonly dnsDomain: string;
  };
  /** Milliseconds since the epoch at launch, for guests without a working clock. */
  readonly launchedAt: number;
  /** Component to extra settings, from `--extra-config component.key=value`. */
  readonly extraConfig: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The text of apiserver.audit-policy-file, where that is a file of the host. */
  readonly auditPolicy?: string | undefined;
  readonly registries: {
    /** URLs of registries that are asked first, whatever registry an image names. */
    readonly mirrors: readonly string[];
    /** `[http[s]://]HOST[:PORT]` of registries that need no verified TLS. */
    readonly insecure: readonly string[];
  };
  /** What containerd pulls through; empty where there is none. Passwords may be in it. */
  readonly proxies: {
    readonly http: string;
    readonly https: string;
    /** Hosts, ranges of addresses and domains that are asked directly. */
    readonly except: readonly string[];
  };
}

/** Empty but in the build's rehearsal (scripts/binary), where a folder stands for the node's file system. */
const top = process.env["MINI_NODE_ROOT"] ?? "";

/** Where things are inside a node. */
export const nodePaths = {
  seed: `${top}/mini/seed`,
  binary: `${top}/mini/bin/mini`,
  /** The data disk (VM) or volume (runc): everything that survives a stop. */
  data: `${top}/var/lib`,
  store: `${top}/var/lib/mini/store`,
  /** Not below /var/log, which the kubelet shows to whoever may read the node's logs. */
  auditLog: `${top}/var/lib/mini/audit/audit.log`,
  /** NAME.pem: what took the place of the seed's certificates since. */
  renewedCertificates: `${top}/var/lib/mini/pki`,
  containerd: `${top}/var/lib/containerd`,
  /** Where containerd's configuration has it look for a folder for each registry. */
  registries: `${top}/etc/containerd/certs.d`,
  containerdSocket: `${top}/run/containerd/containerd.sock`,
  kubelet: `${top}/var/lib/kubelet`,
  podLogs: `${top}/var/log/pods`,
  cniConfig: `${top}/etc/cni/net.d`,
  cniPlugins: `${top}/opt/cni/bin`,
  /** OCI archives carried by the image (pause, quickstart); imported into containerd at first boot. */
  carriedImages: `${top}/usr/share/mini/images`,
  /** The node's state for `mini status` and the launcher: JSON, rewritten atomically by the agent. */
  state: `${top}/run/mini/state.json`,
  /** Of mini's own processes and containerd. */
  logs: `${top}/var/log/mini`,
  /** For the node itself and for pods with dnsPolicy Default. */
  resolver: `${top}/etc/resolv.conf`,
  /** The host's network, in nodes that look up names through it. */
  hostNetwork: `${top}/mini/host-network`,
  hostResolverSocket: `${top}/run/mini/host-resolver`,
  manifests: `${top}/etc/kubernetes/manifests`,
  cgroups: `${top}/sys/fs/cgroup`,
} as const;
