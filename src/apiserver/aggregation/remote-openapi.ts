/**
 * Where the OpenAPI v3 documents of extension servers are: for the index, and to pass requests for them on. Asked of a
 * server whenever it was found available; what it said last stays while it is not, as upstream.
 */
import type { Logger } from "../../lib/log.ts";
import type { ProxyTarget } from "../streaming/http-proxy.ts";
import type { Backend } from "./index.ts";
import { getRemoteJson } from "./remote-json.ts";

/** By the path of a group and version, `apis/GROUP/VERSION`. */
export type OpenApiAddresses = Readonly<Record<string, { readonly serverRelativeURL: string }>>;

export const indexPath = "/openapi/v3";

export class RemoteOpenApi {
  readonly #log: Logger;
  readonly #addresses = new Map<Backend, string>();
  #generation = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Changes whenever `addresses` does. */
  get generation(): number {
    return this.#generation;
  }

  addresses(): OpenApiAddresses {
    return Object.fromEntries(
      [...this.#addresses].map(([backend, serverRelativeURL]) => [pathOf(backend), { serverRelativeURL }]),
    );
  }

  /** Whose document a path is. */
  backendOf(path: string): Backend | undefined {
    return [...this.#addresses.keys()].find((backend) => pathOf(backend) === path);
  }

  /** `index`: the server's own /openapi/v3. Never rejects; a server that fails is asked again with the next refresh. */
  async refresh(backend: Backend, index: () => ProxyTarget, isCurrent: () => boolean): Promise<void> {
    try {
      const answer = (await getRemoteJson(index())) as { readonly paths?: OpenApiAddresses } | undefined;
      const address = answer?.paths?.[pathOf(backend)]?.serverRelativeURL;
      if (!isCurrent() || this.#addresses.get(backend) === address) return;
      if (typeof address === "string") this.#addresses.set(backend, address);
      else this.#addresses.delete(backend);
      this.#generation++;
    } catch (error) {
      this.#log.debug("OpenAPI of an extension server", { apiService: backend.name, error: String(error) });
    }
  }

  forget(backend: Backend): void {
    if (this.#addresses.delete(backend)) this.#generation++;
  }
}

const pathOf = ({ group, version }: Backend): string => `apis/${group}/${version}`;
