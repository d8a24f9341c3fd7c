/**
 * libvirt: connections, domains, networks, capabilities and typed errors over its C library. ffi.ts is the only file of
 * the project that calls C; every call that may block runs off the main thread, and every handle is freed by `using`.
 * Fed by src/drivers/libvirt, which knows what a node is; this folder does not.
 */
export { domainCapabilities, hypervisorUser } from "./capabilities.ts";
export { Connection, type ConnectionUri } from "./connection.ts";
export { Domain, type DomainStatus } from "./domain.ts";
export { errorDomains, isLibvirtError, type LibvirtError } from "./errors.ts";
export { Network } from "./network.ts";
export { Version } from "./version.ts";
