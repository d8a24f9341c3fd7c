import { constants } from "node:os";
import { expect, it } from "vitest";
import { LibvirtError } from "../../libvirt/errors.ts";
import { explainConnection } from "./connect.ts";

const member = { group: "libvirt", user: "ada", listed: true, effective: true };
const stranger = { ...member, listed: false, effective: false };
const early = { ...member, effective: false };
const { EACCES, ENOENT, ECONNREFUSED } = constants.errno;
/** virErrorNumber and virErrorDomain as libvirt 9.0 gave them for each case, on Debian 12. */
const failures = {
  closedSocket: { code: 38, domain: 7, errno: EACCES },
  noSocket: { code: 38, domain: 7, errno: ENOENT },
  deadSocket: { code: 38, domain: 7, errno: ECONNREFUSED },
  refused: { code: 94, domain: 60 },
  noBus: { code: 1, domain: 47 },
  noPolkit: { code: 89, domain: 47 },
  other: { code: 1, domain: 0 },
};

it.each([
  {
    failure: failures.closedSocket,
    membership: stranger,
    id: "PR_KVM_USER_PERMISSION",
    advice: /usermod -aG libvirt ada/,
  },
  { failure: failures.closedSocket, membership: early, id: "PR_KVM_GROUP_LOGIN", advice: /^Log out .*newgrp libvirt/ },
  { failure: failures.refused, membership: stranger, id: "PR_KVM_USER_PERMISSION", advice: /usermod -aG libvirt ada/ },
  { failure: failures.refused, membership: member, id: "PR_KVM_POLKIT_REFUSED", advice: /rules\.d/ },
  { failure: failures.noBus, membership: member, id: "PR_KVM_NO_BUS", advice: /dbus.* restart libvirtd/ },
  { failure: failures.noPolkit, membership: member, id: "PR_KVM_NO_POLKIT", advice: /polkitd/ },
  { failure: failures.noSocket, membership: member, id: "PR_KVM_SOCKET", advice: /systemctl start libvirtd/ },
  { failure: failures.deadSocket, membership: stranger, id: "PR_KVM_SOCKET", advice: /systemctl start libvirtd/ },
  { failure: failures.other, membership: member, id: "PR_KVM_SOCKET", advice: /systemctl start libvirtd/ },
])("tells by codes what keeps a user from libvirt: $id for $failure", ({ failure, membership, id, advice }) => {
  // The words are never looked at.
  const error = new LibvirtError({ message: "Verbindung gescheitert: Permission denied", ...failure });
  const explained = explainConnection(error, { membership, systemd: true });
  expect(explained.errorId).toBe(id);
  expect(explained.advice).toMatch(advice);
});
