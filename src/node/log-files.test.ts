import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLogRouter } from "./log-files.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mini-logs-"));
});
afterEach(() => rmSync(folder, { recursive: true }));
const read = (name: string): string => readFileSync(join(folder, name), "utf8");

describe("createLogRouter", () => {
  it("writes each component's lines to its own file, stack traces after their line, errors to the console", () => {
    const shown: string[] = [];
    const route = createLogRouter(folder, "agent", (line) => shown.push(line));
    route("started\nI1123 13:14:00.123 kubelet] ready\nE1123 13:14:01.000 dns] failed\n    at somewhere\n");
    route('I1123 13:14:02.000 kubelet/cri] connected path="/run"\n');
    expect(read("agent.log")).toBe("started\n");
    expect(read("kubelet.log")).toContain('kubelet/cri] connected path="/run"');
    expect(read("dns.log")).toBe("E1123 13:14:01.000 dns] failed\n    at somewhere\n");
    expect(shown).toEqual(["E1123 13:14:01.000 dns] failed\n"]);
  });

  it("keeps two older files of a log that grew large", () => {
    writeFileSync(join(folder, "kubelet.log"), "");
    truncateSync(join(folder, "kubelet.log"), 11 * 1024 * 1024);
    writeFileSync(join(folder, "kubelet.log.1"), "older");
    createLogRouter(folder, "agent", () => undefined)("I1123 13:14:00.123 kubelet] after\n");
    expect(read("kubelet.log")).toContain("after");
    expect(read("kubelet.log.2")).toBe("older");
    expect(readdirSync(folder)).toHaveLength(3);
  });

  it("shows on the console what cannot be written, and goes on with the others", () => {
    mkdirSync(join(folder, "dns.log"));
    // One that is to be rotated, and cannot be.
    writeFileSync(join(folder, "kubelet.log"), "");
    truncateSync(join(folder, "kubelet.log"), 11 * 1024 * 1024);
    mkdirSync(join(folder, "kubelet.log.1"));
    writeFileSync(join(folder, "kubelet.log.2"), "");
    const shown: string[] = [];
    const route = createLogRouter(folder, "agent", (line) => shown.push(line));
    const lines = ["dns", "kubelet", "agent"].map((name) => `I1123 13:14:00.123 ${name}] still here\n`);
    for (const line of lines) route(line);
    route(lines[1] ?? "");
    expect(shown).toEqual([lines[0], lines[1], lines[1]]);
    expect(read("agent.log")).toBe(lines[2]);
  });
});
