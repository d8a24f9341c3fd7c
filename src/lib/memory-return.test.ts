import { expect, it, vi } from "vitest";
import { MemoryReturn } from "./memory-return.ts";

it("asks for a collection once much has passed and then nothing for a while", () => {
  vi.useFakeTimers();
  try {
    const collect = vi.fn();
    const memory = new MemoryReturn(collect);
    memory.passed(1024);
    vi.advanceTimersByTime(60_000);
    expect(collect).not.toHaveBeenCalled();
    for (let burst = 0; burst < 40; burst++) {
      memory.passed(3 * 1024 * 1024);
      vi.advanceTimersByTime(1_000);
    }
    expect(collect).not.toHaveBeenCalled();
    vi.advanceTimersByTime(3_000);
    expect(collect).toHaveBeenCalledOnce();
    memory.passed(1024);
    vi.advanceTimersByTime(60_000);
    expect(collect).toHaveBeenCalledOnce();
  } finally {
    vi.useRealTimers();
  }
});

it("collects with V8's own collection unless told otherwise", () => {
  vi.useFakeTimers();
  try {
    new MemoryReturn().passed(1024 ** 3);
    vi.advanceTimersByTime(3_000);
  } finally {
    vi.useRealTimers();
  }
});
