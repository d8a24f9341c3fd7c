import { expect, it } from "vitest";
import type { ServicePort } from "../../generated/core-v1.ts";
import { service } from "./definition.ts";

const errorsOf = (ports: readonly ServicePort[]): string[] => {
  const spec = { type: "ClusterIP", sessionAffinity: "None", internalTrafficPolicy: "Cluster", ports };
  const object = { apiVersion: "v1", kind: "Service", metadata: { name: "s", namespace: "d" }, spec };
  return (service.validate?.(object as never) ?? []).map(({ message }) => message);
};
const port = (name: string, number: number): ServicePort => ({ name, port: number, protocol: "TCP", targetPort: 1 });

it("names every port that repeats an earlier one's name", () => {
  expect(errorsOf([port("a", 1), port("b", 2), port("a", 3), port("a", 4)])).toEqual([
    'spec.ports[2].name: Duplicate value: "a"',
    'spec.ports[3].name: Duplicate value: "a"',
  ]);
});

it("looks for repeated names in linear time", () => {
  const protocols = ["TCP", "UDP", "SCTP"];
  const ports = Array.from({ length: 190_000 }, (_, index) => ({
    ...port(`p${index}`, Math.floor(index / 3) + 1),
    protocol: protocols[index % 3] ?? "",
  }));
  expect(errorsOf(ports)).toEqual([]);
});
