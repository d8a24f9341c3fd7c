import { expect, it } from "vitest";
import { findInvokingUser } from "./invoking-user.ts";

const lines = [
  "root:x:0:0:root:/root:/bin/bash",
  "toor:x:0:0:root too:/root:/bin/sh",
  "alice:x:1000:1000:Alice,,,:/home/alice:/bin/bash",
  "homeless:x:1001:1001:::/bin/sh",
];
const lookUp = (key: string): string | undefined =>
  lines.find((line) => line.split(":")[/^\d+$/.test(key) ? 2 : 0] === key);
const find = (environment: Record<string, string>) => findInvokingUser(environment, lookUp);

const alice = { name: "alice", uid: 1000, gid: 1000, home: "/home/alice" };

it("is whom sudo names, as the database knows them", () => {
  expect(find({ SUDO_UID: "1000", SUDO_GID: "1000", SUDO_USER: "alice" })).toEqual(alice);
  expect(find({ SUDO_UID: "1000" })).toEqual(alice);
});

it("has the database's group, whatever newgrp made of the caller's", () => {
  expect(find({ SUDO_UID: "1000", SUDO_GID: "108", SUDO_USER: "alice" })).toEqual(alice);
});

it.each<[why: string, environment: Record<string, string>]>([
  ["no sudo", {}],
  ["root called sudo", { SUDO_UID: "0", SUDO_GID: "0", SUDO_USER: "root" }],
  ["another name of root", { SUDO_UID: "0", SUDO_USER: "toor" }],
  ["root's name with another number", { SUDO_UID: "1000", SUDO_USER: "root" }],
  ["number and name of two people", { SUDO_UID: "1001", SUDO_USER: "alice" }],
  ["nobody of that number", { SUDO_UID: "4242" }],
  ["nobody of that name", { SUDO_UID: "1000", SUDO_USER: "mallory" }],
  ["no number", { SUDO_UID: "1000; rm -rf /" }],
  ["a number that wraps around to root", { SUDO_UID: "4294967296" }],
  ["a negative number", { SUDO_UID: "-1" }],
  ["a hexadecimal number", { SUDO_UID: "0x3e8" }],
  ["a group that is no number", { SUDO_UID: "1000", SUDO_GID: "wheel", SUDO_USER: "alice" }],
  ["a home that is no path", { SUDO_UID: "1001", SUDO_USER: "homeless" }],
])("is nobody: %s", (_, environment) => {
  expect(find(environment)).toBeUndefined();
});
