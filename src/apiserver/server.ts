/**
 * The API server as a component. Composes store, watch cache, registry, authentication, authorization, admission and
 * the endpoints, and serves them on one TLS port; fed by every client of the cluster, itself a client of nobody but the
 * store (and of kubelets, for streams).
 *
 *   listener → RequestHandler (who, may they) → ResourceHandler → Creator, Updater, Deleter → store
 *                                                    ↑ reads and watches: WatchCache ←─ events ┘
 */
import type { CertificateSource } from "../lib/certificate-source.ts";
import type { Component, RunningComponent } from "../lib/component.ts";
import { createLogger, type Logger } from "../lib/log.ts";
import type { AuditPolicy } from "../machinery/audit/policy.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import type { Store } from "../store/types.ts";
import { createApiServerParts } from "./composition.ts";
import { listen } from "./http/listener.ts";

export interface ApiServerOptions {
  readonly host: string;
  /** 0: any free port; see `listening`. */
  readonly port: number;
  readonly tls: {
    readonly serving: CertificateSource;
    /** PEM. */
    readonly clientCa: string;
    /** By which extension API servers know this one. */
    readonly proxyClient?: CertificateSource;
    /** `ca` is PEM. */
    readonly requestHeader?: { readonly ca: string; readonly allowedNames: readonly string[] };
  };
  /** Path of the database file, or a store that the caller closes. */
  readonly store: string | Store;
  readonly serviceAccount: {
    /** `https://kubernetes.default.svc.cluster.local` */
    readonly issuer: string;
    /** Default: the issuer. */
    readonly audiences?: readonly string[];
    /** PEM, PKCS #8. Signs tokens. */
    readonly privateKey: string;
    /** PEM. Verify tokens; default: the private key's own. */
    readonly publicKeys?: readonly string[];
  };
  /** How kubelets are reached: their authority (PEM), and our client certificate. */
  readonly kubelet: { readonly ca: string; readonly client: CertificateSource };
  readonly serviceSubnet: string;
  /** Inclusive; default 30000–32767. */
  readonly nodePortRange?: readonly [number, number];
  /** Where the cluster reaches this server: endpoints of the Service `kubernetes`. Default port: the one listened on. */
  readonly advertised: { readonly address: string; readonly port?: number };
  /** Who gets audit events, a line each, and for which requests. Default: nobody. */
  readonly audit?: { readonly policy: AuditPolicy; write(line: string): void };
  readonly log?: Logger;
  /** Told the port once it is open, before the server is ready. */
  listening?(address: { readonly address: string; readonly port: number }): void;
}

/** The component; starting it resolves when /readyz says ok. */
export function createApiServer(options: ApiServerOptions): Component {
  return { name: "apiserver", start: (signal) => start(options, signal) };
}

async function start(options: ApiServerOptions, signal: AbortSignal): Promise<RunningComponent> {
  signal.throwIfAborted();
  const log = options.log ?? createLogger("apiserver");
  const owned = typeof options.store === "string";
  const store = typeof options.store === "string" ? await openSqliteStore({ path: options.store }) : options.store;
  const cleanup: (() => Promise<void> | void)[] = owned ? [() => store.close()] : [];
  const stop = async (): Promise<void> => {
    for (const step of cleanup.splice(0).reverse()) await step();
  };
  try {
    const parts = await createApiServerParts(options, store, log);
    cleanup.push(() => parts.close());
    const { tls } = options;
    const authorities = [tls.clientCa, ...(tls.requestHeader === undefined ? [] : [tls.requestHeader.ca])];
    const listener = await listen(
      { host: options.host, port: options.port, serving: tls.serving, clientAuthorities: authorities },
      parts.handler,
    );
    cleanup.push(() => {
      parts.beginShutdown();
      return listener.close();
    });
    options.listening?.(listener.address);
    log.info("listening", { address: listener.address.address, port: listener.address.port });
    await parts.bootstrap(listener.address.port);
    signal.throwIfAborted();
    log.info("ready");
    return { done: runUntil(signal, stop) };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function runUntil(signal: AbortSignal, stop: () => Promise<void>): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  await stop();
}
