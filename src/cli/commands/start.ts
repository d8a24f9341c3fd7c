import { boolean, string } from "@oclif/core/flags";
import { parseExtraConfig } from "../../cluster/extra-config.ts";
import { type StartOptions, startCluster } from "../../cluster/lifecycle/start.ts";
import { defaultWait, parseWait } from "../../cluster/readiness.ts";
import { parseInsecureRegistries, parseMirrors } from "../../cluster/registries.ts";
import { MiniCommand } from "../mini-command.ts";
import { createProgress } from "../progress/index.ts";
import { parseCpus, parseDuration, parseInteger, parseMebibytes } from "../quantities.ts";

export default class Start extends MiniCommand {
  static override description =
    "Picks kvm2 where this machine can run it, else qemu2, else runc. A start that fails or is interrupted leaves nothing behind.";
  static override examples = [
    "mini start",
    "mini start --driver=runc --nodes=3",
    "mini start -p work --cpus=4 --memory=4g",
  ];
  static override flags = {
    driver: string({ char: "d", aliases: ["vm-driver"], description: "kvm2, qemu2 or runc; picked when left out" }),
    cpus: string({ description: "processors of each node: 2, max or no-limit" }),
    memory: string({ description: "memory of each node: 2048mb, 2g, max or no-limit; at least 768mb" }),
    "disk-size": string({
      description: "size of each node's disk, 20000mb unless told; it takes what is written to it",
    }),
    nodes: string({ char: "n", description: "number of nodes, the control plane included" }),
    wait: string({
      description:
        "apiserver, system_pods, default_sa, apps_running, node_ready, kubelet, extra with commas; all or none",
      default: defaultWait.join(","),
    }),
    "wait-timeout": string({ description: "how long to wait", default: "6m" }),
    "apiserver-port": string({ description: "port of the API server, 8443 unless told" }),
    "extra-config": string({ description: "component.key=value, may be repeated", multiple: true, default: [] }),
    "registry-mirror": string({
      description: "URL of a registry to ask first for every image, may be repeated",
      multiple: true,
      default: [],
    }),
    "insecure-registry": string({
      description: "HOST[:PORT] of a registry without TLS, or whose certificate is not verified, may be repeated",
      multiple: true,
      default: [],
    }),
    "dry-run": boolean({ description: "check everything, make nothing" }),
    force: boolean({ description: "go on in spite of failed checks where that can work" }),
    interactive: boolean({
      description: "accepted for minikube's scripts; mini never asks",
      default: true,
      allowNo: true,
    }),
    "delete-on-failure": boolean({ description: "delete an existing cluster too when it cannot be started" }),
    "keep-context": boolean({ description: "leave kubectl's current context as it is" }),
    "cert-expiration": string({
      description: "how long certificates are good for, 26280h unless told; nodes renew them before their end",
    }),
    "embed-certs": boolean({ description: "put the certificates into the kubeconfig instead of their paths" }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Start);
    const json = flags.output === "json";
    const progress = await createProgress(json);
    let failed = true;
    try {
      const optional = <T>(value: string | undefined, parse: (text: string) => T): T | undefined =>
        value === undefined ? undefined : parse(value);
      const options: StartOptions = {
        profile: flags.profile,
        driver: flags.driver,
        cpus: optional(flags.cpus, parseCpus),
        memoryMiB: optional(flags.memory, (value) => parseMebibytes("memory", value)),
        diskMiB: optional(flags["disk-size"], (value) => parseMebibytes("disk-size", value)),
        nodes: optional(flags.nodes, (value) => parseInteger("nodes", value)),
        apiServerPort: optional(flags["apiserver-port"], (value) => parseInteger("apiserver-port", value)),
        extraConfig: parseExtraConfig(flags["extra-config"]),
        registryMirrors: parseMirrors(flags["registry-mirror"]),
        insecureRegistries: parseInsecureRegistries(flags["insecure-registry"]),
        wait: parseWait(flags.wait),
        waitTimeoutMs: parseDuration("wait-timeout", flags["wait-timeout"]),
        dryRun: flags["dry-run"],
        force: flags.force,
        keepContext: flags["keep-context"],
        certificateLifeMs: optional(flags["cert-expiration"], (value) => parseDuration("cert-expiration", value)),
        embedCerts: flags["embed-certs"] || undefined,
        deleteOnFailure: flags["delete-on-failure"],
        progress,
        signal: this.signal,
      };
      const { started } = await startCluster(options);
      if (!started) progress.info("dry-run validation complete!");
      failed = false;
      // The events are the JSON form of this command.
      return undefined;
    } finally {
      await progress.end(failed);
    }
  }
}
