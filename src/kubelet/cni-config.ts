/**
 * The network plugins' configuration: a bridge with addresses from the node's share of the pod network. Masquerading
 * is left to the node's proxy, which knows the cluster's networks.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

const fileName = "10-mini.conflist";

export interface CniConfigInput {
  /** /etc/cni/net.d */
  readonly folder: string;
  /** spec.podCIDR of the node. */
  readonly podCidr: string;
  readonly bridge: string;
  /** Bytes; undefined: the plugin's default. */
  readonly mtu: number | undefined;
}

export function cniConfig({ podCidr, bridge, mtu }: Omit<CniConfigInput, "folder">): object {
  return {
    cniVersion: "1.0.0",
    name: "mini",
    plugins: [
      {
        type: "bridge",
        bridge,
        isGateway: true,
        isDefaultGateway: true,
        ipMasq: false,
        hairpinMode: true,
        promiscMode: false,
        ...(mtu === undefined ? {} : { mtu }),
        ipam: { type: "host-local", ranges: [[{ subnet: podCidr }]] },
      },
      { type: "portmap", capabilities: { portMappings: true }, snat: true },
    ],
  };
}

/** Writes the file if it is not as it should be; says whether it did. The runtime sees it appear whole. */
export async function writeCniConfig(input: CniConfigInput): Promise<boolean> {
  const path = join(input.folder, fileName);
  const text = `${JSON.stringify(cniConfig(input), undefined, 2)}\n`;
  if ((await readFile(path, "utf8").catch(() => "")) === text) return false;
  await mkdir(input.folder, { recursive: true });
  // Another configuration that sorts before ours would win.
  for (const name of await readdir(input.folder)) {
    if (name !== fileName && /\.conf(list)?$/.test(name) && name < fileName) await rm(join(input.folder, name));
  }
  const temporary = join(input.folder, `.${fileName}.new`);
  await writeFile(temporary, text);
  await rename(temporary, path);
  return true;
}

/** The largest packet that the node's own interface takes. */
export async function interfaceMtu(name: string): Promise<number | undefined> {
  const text = await readFile(`/sys/class/net/${name}/mtu`, "utf8").catch(() => "");
  const mtu = Number(text);
  return mtu > 0 ? mtu : undefined;
}
