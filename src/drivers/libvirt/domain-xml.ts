/**
 * The domain of a node, as libvirt's XML: direct kernel boot, four disks, one network interface, a console in a file. It
 * has no security label of its own: QEMU runs as libvirt's own user, in whatever confinement the machine has (AppArmor,
 * SELinux), and libvirt gives it the machine's own disks (docs/decisions/0012-qemu-as-libvirts-user.md).
 */
import type { MachineSpec } from "../driver.ts";
import { hostName } from "../host-name.ts";
import { kernelCommandLine } from "../kernel-command-line.ts";
import { escapeXml, metadataNamespace, networkName, stableUuid } from "./identity.ts";

export type DomainType = "kvm" | "qemu" | "test";

export interface DomainOptions {
  readonly type: DomainType;
}

/** Files of a machine in its folder. */
export interface MachineFiles {
  readonly data: string;
  readonly mini: string;
  readonly seed: string;
  readonly console: string;
}

export function domainXml(machine: MachineSpec, files: MachineFiles, { type }: DomainOptions): string {
  const cpu = type === "kvm" ? '<cpu mode="host-passthrough"/>' : '<cpu mode="maximum"/>';
  const disks = [
    disk({ serial: "root", target: "vda", file: machine.image.root, format: "raw", writable: false, shared: true }),
    disk({ serial: "data", target: "vdb", file: files.data, format: "qcow2", writable: true, shared: false }),
    disk({ serial: "mini", target: "vdc", file: files.mini, format: "raw", writable: false, shared: true }),
    disk({ serial: "seed", target: "vdd", file: files.seed, format: "raw", writable: false, shared: false }),
  ];
  return `<domain type="${type}">
  <name>${escapeXml(hostName(machine))}</name>
  <uuid>${stableUuid("domain", hostName(machine))}</uuid>
  <metadata>
    <machine xmlns="${metadataNamespace}" profile="${escapeXml(machine.profile)}" folder="${escapeXml(machine.folder)}"/>
  </metadata>
  <memory unit="MiB">${machine.memoryMiB}</memory>
  <vcpu>${machine.cpus}</vcpu>
  <os>
    <type arch="x86_64" machine="q35">hvm</type>
    <kernel>${escapeXml(machine.image.kernel)}</kernel>
    <initrd>${escapeXml(machine.image.initrd)}</initrd>
    <cmdline>${escapeXml(kernelCommandLine({ emulated: type === "qemu" }))}</cmdline>
  </os>
  <features><acpi/><apic/></features>
  ${cpu}
  <clock offset="utc"/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
${disks.join("\n")}
    <controller type="usb" model="none"/>
    <interface type="network">
      <mac address="${escapeXml(machine.macAddress)}"/>
      <source network="${escapeXml(networkName(machine))}"/>
      <model type="virtio"/>
      <rom enabled="no"/>
    </interface>
    <serial type="file">
      <source path="${escapeXml(files.console)}" append="on"/>
      <target type="isa-serial" port="0"/>
    </serial>
    <rng model="virtio"><backend model="random">/dev/urandom</backend></rng>
    <memballoon model="virtio" freePageReporting="on"/>
  </devices>
</domain>
`;
}

interface DiskOptions {
  readonly serial: string;
  readonly target: string;
  readonly file: string;
  readonly format: "raw" | "qcow2";
  readonly writable: boolean;
  /** Of the cache: several machines may have it, of several profiles. */
  readonly shared: boolean;
}

function disk({ serial, target, file, format, writable, shared }: DiskOptions): string {
  // What machines share keeps its owner: it may be read by everybody who gets that far.
  const label = shared ? '<seclabel model="dac" relabel="no"/>' : "";
  const source = `<source file="${escapeXml(file)}">${label}</source>`;
  const discard = writable ? ' discard="unmap"' : "";
  return `    <disk type="file" device="disk">
      <driver name="qemu" type="${format}"${discard}/>
      ${source}
      <target dev="${target}" bus="virtio"/>
      ${writable ? "" : "<readonly/>"}<serial>${serial}</serial>
    </disk>`;
}
