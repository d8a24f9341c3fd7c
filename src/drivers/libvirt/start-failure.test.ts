import { constants } from "node:os";
import { expect, it } from "vitest";
import { LibvirtError } from "../../libvirt/errors.ts";
import { explainStart } from "./start-failure.ts";

const { EACCES, ENOENT, ENOMEM } = constants.errno;
const msr = "internal error: qemu unexpectedly closed the monitor: failed to set MSR 0x122";

it.each([
  { failure: { code: 38, domain: 7, errno: ENOENT, message: "no log daemon" }, id: "PR_KVM_LOG_DAEMON" },
  { failure: { code: 38, domain: 18, errno: EACCES, message: "a disk" }, id: "PR_KVM_ISO_PERMISSION" },
  { failure: { code: 38, domain: 0, errno: ENOMEM, message: "fork" }, id: "RSRC_KVM_OOM" },
  { failure: { code: 1, domain: 10, message: msr }, id: "PR_KVM_MSR" },
  // Words alone are nothing to go by.
  { failure: { code: 1, domain: 10, message: "could not open: Permission denied" }, id: "GUEST_START" },
])("tells why a domain did not start: $id", ({ failure, id }) => {
  const cause = new LibvirtError(failure);
  expect(explainStart(cause, "mini", "kvm")).toMatchObject({ id, cause });
});

it("leaves what is not libvirt's as it is", () => {
  const error = new Error("interrupted");
  expect(explainStart(error, "mini", "qemu")).toBe(error);
});
