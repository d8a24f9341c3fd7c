import { describe, expect, it } from "vitest";
import { GroupCommit, type GroupCommitOptions } from "./group-commit.ts";

/** A disk whose syncs end when the test says so. */
class SlowDisk {
  syncedNow = 0;
  readonly waiting: ((error?: Error) => void)[] = [];
  readonly syncNow = (): void => {
    this.syncedNow++;
  };
  readonly sync = (done: (error?: Error | null) => void): void => {
    this.waiting.push(done);
  };
}

function groupCommit(options: Partial<GroupCommitOptions<string>>) {
  const groups: string[][] = [];
  const shown: string[] = [];
  let group: string[] = [];
  const commits = new GroupCommit<string>({
    transaction(body) {
      group = [];
      body();
      groups.push(group);
    },
    committed: (results) => shown.push(...results),
    failed: (error) => error,
    notSynced: (error) => error,
    isRefusal: (error) => error instanceof RangeError,
    ...options,
  });
  const add = (name: string): Promise<string> =>
    commits.add(() => {
      group.push(name);
      return name;
    });
  return { commits, groups, shown, add };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe("GroupCommit", () => {
  it("syncs a lone write at once", async () => {
    const disk = new SlowDisk();
    const { add } = groupCommit({ disk });
    expect(await add("a")).toBe("a");
    expect(disk.syncedNow).toBe(1);
  });

  it("shows and acknowledges a group when it is durable, and gathers what comes meanwhile", async () => {
    const disk = new SlowDisk();
    const { add, groups, shown, commits } = groupCommit({ disk });
    const done: string[] = [];
    const first = [add("a"), add("b")].map((write) => write.then((name) => done.push(name)));
    await turn();
    const second = [add("c"), add("d")];
    await turn();
    expect([groups, shown, done]).toEqual([[["a", "b"]], [], []]);
    disk.waiting.shift()?.();
    await Promise.all(first);
    expect([shown, done]).toEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
    await turn();
    disk.waiting.shift()?.();
    await Promise.all(second);
    expect(groups).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
    await commits.idle();
  });

  it("refuses one write alone, after what was written before it is shown", async () => {
    const disk = new SlowDisk();
    const { add, shown, commits } = groupCommit({ disk });
    const first = add("a");
    const refused = commits
      .add(() => {
        throw new RangeError("taken");
      })
      .catch((error: Error) => `${error.message}, ${shown}`);
    await turn();
    disk.waiting.shift()?.();
    expect([await first, await refused]).toEqual(["a", "taken, a"]);
  });

  it("acknowledges nothing of a group that could not be synced", async () => {
    const disk = new SlowDisk();
    const { add, shown } = groupCommit({ disk, notSynced: () => "lost" });
    const writes = [add("a"), add("b")];
    await turn();
    disk.waiting.shift()?.(new Error("I/O error"));
    expect(await Promise.all(writes.map((write) => write.catch((error: unknown) => error)))).toEqual(["lost", "lost"]);
    expect(shown).toEqual([]);
  });
});
