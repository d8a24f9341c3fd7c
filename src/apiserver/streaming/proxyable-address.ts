/**
 * Where the API server lets itself be led on a user's word: to other machines, never to itself, its links or groups of
 * machines. Names are looked up once and what was looked up is dialled, so that no second answer of a name server counts.
 */
import { lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { isGlobalUnicast } from "../../kinds/ip-class.ts";
import { badRequest, type StatusError } from "../../machinery/errors/status-error.ts";

/** Options of a request by which it reaches `host` if it may. Throws StatusError BadRequest where it may not. */
export function dialOptions(host: string): { readonly host: string; readonly lookup: LookupFunction } {
  if (isIP(host) !== 0 ? !isGlobalUnicast(host) : host === "") throw notAllowed();
  return { host, lookup };
}

const notAllowed = (): StatusError => badRequest("address not allowed");

/** Fails with StatusError BadRequest where one of a name's addresses is none to be led to, as upstream. */
const lookup: LookupFunction = (name, options, callback) => {
  systemLookup(name, { ...options, all: true }, (error, found) => {
    const [first] = found ?? [];
    if (error !== null) callback(error, []);
    else if (first === undefined || !found.every(({ address }) => isGlobalUnicast(address))) {
      callback(notAllowed() as Error as NodeJS.ErrnoException, []);
    } else if (options.all === true) callback(null, found);
    else callback(null, first.address, first.family);
  });
};
