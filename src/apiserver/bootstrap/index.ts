/**
 * The objects that a cluster has before anyone made any: namespaces, RBAC roles and bindings, priority classes, flow
 * schemas, the kubernetes Service. Fed by the reader and writer once the caches are warm; reconciled at every start.
 */
import type { ObjectReader, ObjectWriter } from "../types.ts";

export interface BootstrapOptions {
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  /** Address and port that go into the kubernetes Service's endpoints. */
  readonly advertised: { readonly address: string; readonly port: number };
  readonly serviceSubnet: string;
  /** PEM, for ConfigMap kube-system/extension-apiserver-authentication. */
  readonly clientCa: string;
  readonly requestHeader?: { readonly ca: string; readonly allowedNames: readonly string[] };
}

export interface Bootstrap {
  /** Creates what is missing and repairs what is autoupdated, in one batch; resolves when all is stored. Idempotent. */
  run(): Promise<void>;
}

export declare function createBootstrap(options: BootstrapOptions): Bootstrap;
