import { expect, it } from "vitest";
import { planNodes } from "./machine.ts";

it("names machines for their user on the host, and root's as they always were", () => {
  const roots = planNodes("mini", 2, "192.168.39.1", "");
  expect(roots.map((node) => [node.name, node.hostName])).toEqual([
    ["mini", undefined],
    ["mini-m02", undefined],
  ]);
  const adas = planNodes("mini", 2, "192.168.39.1", "ada");
  expect(adas.map((node) => [node.name, node.hostName])).toEqual([
    ["mini", "mini.ada"],
    ["mini-m02", "mini-m02.ada"],
  ]);
  const eves = planNodes("mini", 2, "192.168.39.1", "eve");
  const addresses = [...roots, ...adas, ...eves].map((node) => node.macAddress);
  expect(new Set(addresses).size).toBe(addresses.length);
});
