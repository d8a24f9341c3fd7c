/** What the hypervisor behind a connection can do, from its capabilities documents. */
import type { Connection } from "./connection.ts";

export interface DomainCapabilities {
  readonly virtType: "kvm" | "qemu";
  /** Path of the emulator. */
  readonly emulator: string;
  /** The machine type asked for, resolved: `pc-q35-7.2`. */
  readonly machine: string;
  readonly maximumCpus: number;
  readonly hostPassthrough: boolean;
}

/** User and group that libvirt runs QEMU as, by number. */
export interface HypervisorUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who QEMU runs as unless a domain says otherwise: the base label of libvirt's file-owner security model. Undefined where
 * the model is switched off: QEMU is then who the daemon is.
 */
export async function hypervisorUser(
  connection: Connection,
  type: "kvm" | "qemu",
): Promise<HypervisorUser | undefined> {
  return parseHypervisorUser(await connection.text("virConnectGetCapabilities", connection.handle), type);
}

/** As hypervisorUser, from the capabilities document. */
export function parseHypervisorUser(xml: string, type: "kvm" | "qemu"): HypervisorUser | undefined {
  const model = xml.match(/<secmodel>\s*<model>dac<\/model>[\s\S]*?<\/secmodel>/)?.[0] ?? "";
  const [, uid, gid] = model.match(new RegExp(`<baselabel type=['"]${type}['"]>\\+?(\\d+):\\+?(\\d+)<`)) ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

/**
 * Capabilities of x86_64 domains of a type. Throws LibvirtError when the hypervisor offers no such domains (no QEMU,
 * or kvm without /dev/kvm).
 */
export async function domainCapabilities(
  connection: Connection,
  virtType: "kvm" | "qemu",
  machine = "q35",
): Promise<DomainCapabilities> {
  const args = [connection.handle, null, "x86_64", machine, virtType, 0] as const;
  const xml = await connection.text("virConnectGetDomainCapabilities", ...args);
  return {
    virtType,
    emulator: xml.match(/<path>([^<]+)<\/path>/)?.[1] ?? "",
    machine: xml.match(/<machine>([^<]+)<\/machine>/)?.[1] ?? machine,
    maximumCpus: Number(xml.match(/<vcpu max='(\d+)'/)?.[1] ?? 1),
    hostPassthrough: /<mode name='host-passthrough' supported='yes'/.test(xml),
  };
}
