import { expect, it } from "vitest";
import { humanDuration } from "./human-duration.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

it.each([
  [-2 * second, "<invalid>"],
  [-1 * second, "0s"],
  [0, "0s"],
  [119.9 * second, "119s"],
  [2 * minute, "2m"],
  [2 * minute + second, "2m1s"],
  [10 * minute + 59 * second, "10m"],
  [3 * hour, "3h"],
  [179 * minute, "179m"],
  [7 * hour + 59 * minute, "7h59m"],
  [8 * hour + 59 * minute, "8h"],
  [47 * hour, "47h"],
  [2 * day, "2d"],
  [2 * day + hour, "2d1h"],
  [8 * day + 23 * hour, "8d"],
  [729 * day, "729d"],
  [730 * day, "2y"],
  [731 * day, "2y1d"],
  [8 * 365 * day, "8y"],
])("%i ms is %s", (milliseconds, text) => {
  expect(humanDuration(milliseconds)).toBe(text);
});
