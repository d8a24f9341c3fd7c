/** Why libvirt did not start a domain, as one of the register's errors. */
import { constants } from "node:os";
import { errorDomains, isLibvirtError } from "../../libvirt/index.ts";
import { DriverError } from "../driver-error.ts";
import type { DomainType } from "./domain-xml.ts";

/** What only QEMU says, and only in words: libvirt has one code for everything that QEMU says before it ends. */
const kvmFaults = /failed to set MSR|KVM internal error|KVM_CREATE_VM|KVM_RUN/;

/** Any error of a start as it is to be thrown; what is not libvirt's stays as it is. */
export function explainStart(error: unknown, name: string, type: DomainType): unknown {
  if (!isLibvirtError(error)) return error;
  const message = `${name} cannot be started: ${error.message}`;
  const { EACCES, EPERM, ENOENT, ECONNREFUSED, ENOMEM } = constants.errno;
  const is = (...numbers: number[]): boolean => error.errno !== undefined && numbers.includes(error.errno);
  // The daemon that we speak to answers: the socket that it cannot reach is that of its log daemon.
  if (error.domain === errorDomains.rpc && is(ENOENT, ECONNREFUSED)) {
    return new DriverError("PR_KVM_LOG_DAEMON", message, { cause: error });
  }
  if (is(EACCES, EPERM)) {
    // The folders on the way were looked at before: what is left is a confinement.
    const advice = "Look for what AppArmor or SELinux refused: sudo journalctl -k --grep=denied";
    return new DriverError("PR_KVM_ISO_PERMISSION", message, { cause: error, advice });
  }
  if (is(ENOMEM)) return new DriverError("RSRC_KVM_OOM", message, { cause: error });
  if (type === "kvm" && kvmFaults.test(error.message)) {
    const advice = "This machine's KVM cannot run the guest: use --driver=qemu2 or --driver=runc";
    return new DriverError("PR_KVM_MSR", message, { cause: error, advice });
  }
  return new DriverError("GUEST_START", message, { cause: error });
}
