import { describe, expect, it } from "vitest";
import type { Component } from "../lib/component.ts";
import { FakeClock } from "../lib/fake-clock.ts";
import type { Logger } from "../lib/log.ts";
import { type ComponentStatus, supervise } from "./supervise.ts";

const silent = (): void => undefined;
const logger: Logger = { debug: silent, info: silent, warn: silent, error: silent };

/** A component whose runs end when told; `fail` makes the first starts fail. */
function scripted(fail: number): Component & { runs: number; end: (error?: Error) => void } {
  const component = {
    name: "scripted",
    runs: 0,
    end: silent as (error?: Error) => void,
    start(signal: AbortSignal) {
      component.runs++;
      if (component.runs <= fail) return Promise.reject(new Error("not yet"));
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      component.end = (error) => (error === undefined ? resolve() : reject(error));
      signal.addEventListener("abort", () => resolve());
      return Promise.resolve({ done: promise });
    },
  };
  return component;
}

function run(component: Component) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const seen: ComponentStatus[] = [];
  const ended = supervise(component, { signal: stop.signal, clock, logger, report: (status) => seen.push(status) });
  return { clock, stop, seen, ended, states: () => seen.map(({ state }) => state).join(" ") };
}

describe("supervise", () => {
  it("tries again, later each time, until the component starts", async () => {
    const component = scripted(3);
    const { clock, seen } = run(component);
    await clock.advance(0);
    expect(component.runs).toBe(1);
    await clock.advance(249);
    expect(component.runs).toBe(1);
    await clock.advance(1);
    expect(component.runs).toBe(2);
    await clock.advance(500 + 1000);
    expect(component.runs).toBe(4);
    expect(seen.at(-1)).toEqual({ state: "Running", restarts: 3 });
  });

  it("starts a component again that dies, and says why it died", async () => {
    const component = scripted(0);
    const { clock, seen } = run(component);
    await clock.advance(0);
    component.end(new Error("out of luck"));
    await clock.advance(0);
    await clock.advance(300);
    expect(component.runs).toBe(2);
    expect(seen.find(({ state }) => state === "Failed")?.message).toContain("out of luck");
  });

  it("forgets earlier failures after a minute of work", async () => {
    const component = scripted(4);
    const { clock } = run(component);
    await clock.advance(0);
    await clock.advance(10_000);
    await clock.advance(60_000);
    component.end();
    await clock.advance(0);
    await clock.advance(250);
    expect(component.runs).toBe(6);
  });

  it("ends with its signal, also between two tries", async () => {
    const running = run(scripted(0));
    await running.clock.advance(0);
    running.stop.abort();
    await running.ended;
    expect(running.states()).toBe("Starting Running Stopped");
    const waiting = run(scripted(9));
    await waiting.clock.advance(10);
    waiting.stop.abort();
    await waiting.ended;
    expect(waiting.states()).toBe("Starting Failed Stopped");
  });
});
