import { networkInterfaces } from "node:os";

/** An address of this machine that is none of its loopback interface: where tests serve what the API server dials. */
export function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const found = all.find(
    ({ family, internal, address }) => family === "IPv4" && !internal && !/^169\.254\./.test(address),
  );
  if (found === undefined) throw new Error("this machine has no address but those of its loopback interface");
  return found.address;
}
