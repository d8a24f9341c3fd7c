/** An HTTPS agent whose client certificate is renewed while it lives. */
import { Agent, type AgentOptions, type RequestOptions } from "node:https";
import type { Duplex } from "node:stream";
import type { CertificateSource } from "./certificate-source.ts";

type Callback = Parameters<Agent["createConnection"]>[1];

/**
 * Connections are kept, and TLS sessions resumed, only under the certificate that they were made with: its end would
 * otherwise be met on a connection that is still good.
 */
export class CertifiedAgent extends Agent {
  readonly #source: CertificateSource;
  #generation = 0;
  #last: object;
  readonly #certificates = new WeakMap<Duplex, object>();

  constructor(source: CertificateSource, options: AgentOptions) {
    super(options);
    this.#source = source;
    this.#last = source.current();
  }

  /** An agent with the same certificate and settings that keeps no connection. */
  withoutKeepAlive(): CertifiedAgent {
    return new CertifiedAgent(this.#source, { ...this.options, keepAlive: false });
  }

  /** Under this name connections and sessions are kept for later requests. */
  override getName(options?: RequestOptions): string {
    const current = this.#source.current();
    if (current !== this.#last) {
      this.#last = current;
      this.#generation++;
      for (const socket of Object.values(this.freeSockets).flat()) socket?.destroy();
    }
    return `${super.getName(options)}:${this.#generation}`;
  }

  override createConnection(options: RequestOptions, callback?: Callback): ReturnType<Agent["createConnection"]> {
    const current = this.#source.current();
    const credentials = { cert: current.certificate, key: current.privateKey };
    const socket = super.createConnection({ ...options, ...credentials }, callback);
    if (socket) this.#certificates.set(socket, current);
    return socket;
  }

  /** Asked when a request is done with its connection. */
  override keepSocketAlive(socket: Duplex): boolean {
    if (this.#certificates.get(socket) !== this.#source.current()) return false;
    // Node's types have it answer nothing.
    return super.keepSocketAlive(socket) as unknown as boolean;
  }
}
