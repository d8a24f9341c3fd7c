/** Virtual networks: a bridge on the host with DHCP. Every Network holds a handle: use `using`. */
import type { Connection } from "./connection.ts";
import { isLibvirtError } from "./errors.ts";
import type { Pointer } from "./ffi.ts";

export interface DhcpLease {
  readonly macAddress: string;
  readonly address: string;
  readonly hostname: string;
  /** Seconds since the epoch. */
  readonly expires: number;
}

/** virNetworkUpdateCommand, virNetworkUpdateSection, virNetworkUpdateFlags. */
const update = { addLast: 3, delete: 2, ipDhcpHost: 4, live: 1, config: 2 } as const;

export class Network implements Disposable {
  readonly #connection: Connection;
  #handle: Pointer;

  private constructor(connection: Connection, handle: Pointer) {
    this.#connection = connection;
    this.#handle = handle;
  }

  /** Defines a persistent network, or replaces the definition of the one with the same name and UUID. */
  static async define(connection: Connection, xml: string): Promise<Network> {
    return new Network(connection, await connection.pointer("virNetworkDefineXML", connection.handle, xml));
  }

  /** The network of that name, undefined when there is none. */
  static async find(connection: Connection, name: string): Promise<Network | undefined> {
    try {
      return new Network(connection, await connection.pointer("virNetworkLookupByName", connection.handle, name));
    } catch (error) {
      if (isLibvirtError(error, "noNetwork")) return undefined;
      throw error;
    }
  }

  /** All networks, active or not; free each. */
  static async list(connection: Connection): Promise<Network[]> {
    const handles = await connection.list("virConnectListAllNetworks", [connection.handle]);
    return handles.map((handle) => new Network(connection, handle));
  }

  get name(): string {
    return this.#connection.native.text(this.#connection.native.callNow("virNetworkGetName", this.#handle));
  }

  async isActive(): Promise<boolean> {
    return (await this.#connection.integer("virNetworkIsActive", this.#handle)) === 1;
  }

  /** Makes the bridge, its firewall rules and its DHCP server. Nothing happens when it is active. */
  async start(): Promise<void> {
    if (await this.isActive()) return;
    await this.#connection.integer("virNetworkCreate", this.#handle);
  }

  /** Whether libvirtd starts it at boot. */
  async setAutostart(autostart: boolean): Promise<void> {
    await this.#connection.integer("virNetworkSetAutostart", this.#handle, autostart ? 1 : 0);
  }

  /** Takes the bridge away. Nothing happens when it is not active. */
  async destroy(): Promise<void> {
    try {
      await this.#connection.integer("virNetworkDestroy", this.#handle);
    } catch (error) {
      if (!isLibvirtError(error, "operationInvalid", "noNetwork")) throw error;
    }
  }

  async undefine(): Promise<void> {
    try {
      await this.#connection.integer("virNetworkUndefine", this.#handle);
    } catch (error) {
      if (!isLibvirtError(error, "noNetwork")) throw error;
    }
  }

  /** Adds a `<host mac= name= ip=/>` reservation, now and in the definition. */
  async addDhcpHost(host: string): Promise<void> {
    await this.#updateHosts(update.addLast, host);
  }

  /** Removes a reservation; `operationInvalid` when there is no such. */
  async removeDhcpHost(host: string): Promise<void> {
    await this.#updateHosts(update.delete, host);
  }

  /** What the DHCP server has given out. */
  async leases(): Promise<DhcpLease[]> {
    const { native } = this.#connection;
    const array = Buffer.alloc(8);
    const count = await this.#connection.integer("virNetworkGetDHCPLeases", this.#handle, null, array, 0);
    const start = Number(array.readBigUInt64LE());
    const items = native.bytes(start, count * 8);
    const leases = Array.from({ length: count }, (_, index) => {
      const lease = Number(items.readBigUInt64LE(index * 8));
      // { char *iface; long long expirytime; int type; char *mac; char *iaid; char *ipaddr; uint prefix; char *hostname; … }
      const fields = native.bytes(lease, 72);
      const text = (offset: number): string => native.text(Number(fields.readBigUInt64LE(offset)));
      const expires = Number(fields.readBigInt64LE(8));
      const result = { macAddress: text(24), address: text(40), hostname: text(56), expires };
      native.callNow("virNetworkDHCPLeaseFree", lease);
      return result;
    });
    if (start !== 0) native.free(start);
    return leases;
  }

  xml(): Promise<string> {
    return this.#connection.text("virNetworkGetXMLDesc", this.#handle, 0);
  }

  [Symbol.dispose](): void {
    if (this.#handle !== 0) this.#connection.native.callNow("virNetworkFree", this.#handle);
    this.#handle = 0;
  }

  async #updateHosts(command: number, host: string): Promise<void> {
    // An inactive network takes changes of its definition only.
    const flags = (await this.isActive()) ? update.live | update.config : update.config;
    // virNetworkUpdate takes (command, section): libvirt's remote protocol of today swaps them itself where it must.
    await this.#connection.integer("virNetworkUpdate", this.#handle, command, update.ipDhcpHost, -1, host, flags);
  }
}
