/** Gives each node a part of the pod network: the next free /24 of podSubnet as spec.podCIDR. */
import { nodes } from "../../client/resources.ts";
import { type Controller, defineController } from "../framework/define-controller.ts";

const nodeMaskBits = 24;

/** `podSubnet`: IPv4 CIDR of at most /24, `10.244.0.0/16`. */
export function createNodeIpamController(podSubnet: string): Controller {
  const ranges = splitSubnet(podSubnet);
  /** Given out, and perhaps not yet in the cache: range to node name. */
  const given = new Map<string, string>();
  return defineController({
    name: "node-ipam",
    component: "cidrAllocator",
    primary: nodes,
    workers: 1,
    async reconcile(name, context) {
      const node = context.lister(nodes).get(name);
      if (node === undefined || node.spec?.podCIDR) {
        for (const [range, owner] of given) if (owner === name && range !== node?.spec?.podCIDR) given.delete(range);
        if (node?.spec?.podCIDR) given.set(node.spec.podCIDR, name);
        return;
      }
      const used = new Set(
        context
          .lister(nodes)
          .list()
          .flatMap(({ spec }) => spec?.podCIDR ?? []),
      );
      const range = ranges.find((one) => !used.has(one) && (given.get(one) ?? name) === name);
      if (range === undefined) {
        const message = `Node ${name} status is now: CIDRNotAvailable`;
        context.recorder.event(node, "Normal", "CIDRNotAvailable", message);
        throw new Error(`no free range of ${podSubnet} for node ${name}`);
      }
      given.set(range, name);
      await context.client.of(nodes).patch(name, { spec: { podCIDR: range, podCIDRs: [range] } }, { type: "merge" });
    },
  });
}

/** The /24 networks of an IPv4 range, in order. */
export function splitSubnet(subnet: string): string[] {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(subnet);
  const bits = Number(match?.[5]);
  if (match === null || bits > nodeMaskBits)
    throw new Error(`pod subnet ${subnet}: an IPv4 range of /24 or larger is needed`);
  const [a, b, c] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const count = 2 ** (nodeMaskBits - bits);
  const first = Math.floor((a * 65536 + b * 256 + c) / count) * count;
  return Array.from({ length: count }, (_, index) => {
    const network = first + index;
    return `${network >>> 16}.${(network >>> 8) & 255}.${network & 255}.0/${nodeMaskBits}`;
  });
}
