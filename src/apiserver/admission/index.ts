/**
 * The admission chain in upstream's default order. Fed by the registry (one AdmissionRequest a write), the reader and
 * the authorizer; changes or refuses the object before it is validated and stored.
 */
import type { Clock } from "../../lib/clock.ts";
import type { AdmissionPlugin, Authorizer, ObjectReader, ObjectWriter } from "../types.ts";

export interface AdmissionOptions {
  readonly authorizer: Authorizer;
  /** 10.96.0.0/12: where cluster IPs are taken from. */
  readonly serviceSubnet: string;
  /** Inclusive; default 30000–32767. */
  readonly nodePortRange?: readonly [number, number];
  readonly clock?: Clock;
}

export declare function createAdmissionChain(
  options: AdmissionOptions,
  reader: ObjectReader,
  writer: ObjectWriter,
): AdmissionPlugin[];
