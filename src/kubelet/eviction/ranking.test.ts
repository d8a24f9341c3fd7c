import { expect, it } from "vitest";
import { chooseImages } from "../images/image-collector.ts";
import { busybox, makePod } from "../testing/runtime-objects.ts";
import { rankForEviction } from "./ranking.ts";

const mebibyte = 2 ** 20;

function candidate(name: string, request: string, used: number | undefined, priority = 0) {
  const resources = { requests: { memory: request, "ephemeral-storage": request } };
  return {
    pod: makePod({ priority, containers: [busybox("c", { resources })] }, { name }),
    usage: used === undefined ? undefined : used * mebibyte,
  };
}

const candidates = [
  candidate("within", "500Mi", 400),
  candidate("over-a-bit", "10Mi", 20),
  candidate("over-a-lot", "10Mi", 90),
  candidate("over-but-important", "10Mi", 500, 1000),
  candidate("unknown-and-important", "10Mi", undefined, 1000),
  candidate("critical", "0", 900, 2_000_000_000),
];
const names = (order: readonly (typeof candidates)[number][]) => order.map(({ pod }) => pod.metadata?.name);

it.each(["memory", "ephemeral-storage"] as const)(
  "evicts pods of which it knows nothing, then those over their request of %s, low priority before high",
  (resource) => {
    expect(names(rankForEviction(resource, candidates))).toEqual([
      "unknown-and-important",
      "over-a-lot",
      "over-a-bit",
      "over-but-important",
      "within",
    ]);
  },
);

it("evicts by priority and number of processes, which nobody requests", () => {
  expect(names(rankForEviction("pids", candidates))).toEqual([
    "within",
    "over-a-lot",
    "over-a-bit",
    "over-but-important",
    "unknown-and-important",
  ]);
});

it("removes the images that were not used for longest, and no more than needed", () => {
  const images = [
    { id: "new", size: 100, lastUsed: 30 },
    { id: "old", size: 100, lastUsed: 10 },
    { id: "middle", size: 100, lastUsed: 20 },
  ];
  expect(chooseImages(images, 150).map(({ id }) => id)).toEqual(["old", "middle"]);
  expect(chooseImages(images, 0)).toEqual([]);
});
