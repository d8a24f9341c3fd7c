/**
 * Certificate signing requests: approves those of kubelets for themselves, signs approved ones of the built-in
 * signers, and removes old ones. Fed by CertificateSigningRequests, and by Nodes, whose names serving certificates have.
 */
import { certificateSigningRequests, nodes } from "../../client/resources.ts";
import { hasCondition } from "../../kinds/certificates/certificate-signing-request/conditions.ts";
import { kubeletServingSigner } from "../../kinds/certificates/certificate-signing-request/signers.ts";
import type { CertificateSigningRequest } from "../../kinds/generated/certificates-v1.ts";
import { ignoreNotFound } from "../../machinery/errors/ignore-not-found.ts";
import { metaOf } from "../framework/controller-reference.ts";
import { type Controller, type ControllerContext, defineController, watch } from "../framework/define-controller.ts";
import { createApprover } from "./approver.ts";
import { lifetimeLeft } from "./cleaner.ts";
import { createServingNames, type ServingNamesOptions } from "./serving-names.ts";
import { type SignerOptions, sign } from "./signer.ts";

export interface CertificateControllerOptions extends Omit<SignerOptions, "longestMs">, ServingNamesOptions {
  /** Default: a year, upstream's. */
  readonly longestMs?: number;
}

const yearMs = 365 * 86_400_000;

export function createCertificateController(options: CertificateControllerOptions): Controller {
  const { authority, longestMs = yearMs } = options;
  const approver = createApprover(createServingNames(options));
  return defineController({
    name: "certificatesigningrequest",
    primary: certificateSigningRequests,
    // A node's addresses may come after its request.
    watches: [watch(nodes, ({ metadata }, context) => undecidedServing(metadata?.name ?? "", context))],
    workers: 1,
    async reconcile(name, context) {
      const request = context.lister(certificateSigningRequests).get(name);
      if (request === undefined) return;
      const left = lifetimeLeft(request, context.clock.now());
      if (left <= 0) {
        await ignoreNotFound(context.client.of(certificateSigningRequests).delete(name));
        return;
      }
      context.enqueue(name, left);
      if (request.status?.certificate || hasCondition(request, "Denied") || hasCondition(request, "Failed")) return;
      if (hasCondition(request, "Approved")) await sign(request, { authority, longestMs }, context);
      else await approver.handle(request, context);
    },
  });
}

function undecidedServing(node: string, context: ControllerContext): string[] {
  const waits = ({ spec, status }: CertificateSigningRequest): boolean =>
    spec.signerName === kubeletServingSigner && spec.username === `system:node:${node}` && !status?.conditions?.length;
  return context
    .lister(certificateSigningRequests)
    .list()
    .filter(waits)
    .map((request) => metaOf(request).name);
}
