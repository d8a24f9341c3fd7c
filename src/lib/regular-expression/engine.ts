/**
 * What is used of the engine beyond its declarations, and counts: an automaton that is made as a text needs it, a
 * backtracker that visits no place twice, and a simulation for all else. Each of them is linear in the text, but with the
 * size of the program as a factor, so their steps are counted and not the characters alone.
 */
import { MatchInput } from "./match-input.ts";
import { Work } from "./work.ts";

interface Queue {
  readonly size: number;
  clear(): void;
}

/** The simulation. */
interface Machine {
  readonly q0: Queue;
  readonly q1: Queue;
  step(running: Queue, next: Queue, ...rest: unknown[]): void;
}

export interface Engine {
  readonly prog: { readonly inst: readonly unknown[]; getInst(index: number): unknown };
  readonly dfa: { memBudget: number; stateBudget: number };
  readonly machinePool: Machine[];
  prefilter: unknown;
  executeEngine(input: MatchInput, position: number, anchor: number, captures: number): readonly number[] | null;
  doExecuteNFA(input: MatchInput, position: number, anchor: number, captures: number): readonly number[] | null;
}

/** Of the automaton that an expression's texts make; when it is full, it starts again. */
export const maximumTableBytes = 256 * 1024;
/** What the engine's steps count, each for about 5 ns at its slowest. */
const instructionSteps = 3;
const threadSteps = 3;

interface Metered {
  work: Work | undefined;
  readonly machine: Machine;
}

const metered = new WeakMap<Engine, Metered>();

/** Runs a match on the account of `work`. Throws WorkExceeded, after which the engine can be used again. */
export function meter<T>(engine: Engine, work: Work, match: () => T): T {
  const state = metered.get(engine) ?? instrument(engine);
  state.work = work;
  try {
    return match();
  } catch (error) {
    const { machine } = state;
    machine.q0.clear();
    machine.q1.clear();
    if (!engine.machinePool.includes(machine)) engine.machinePool.push(machine);
    throw error;
  } finally {
    state.work = undefined;
  }
}

function instrument(engine: Engine): Metered {
  // It reads the text once more for each match, uncounted.
  engine.prefilter = null;
  const { prog, dfa } = engine;
  dfa.memBudget = maximumTableBytes;
  dfa.stateBudget = maximumTableBytes;
  const state: Metered = { work: undefined, machine: machineOf(engine) };
  const { machine } = state;
  const { step } = machine;
  machine.step = (running, next, ...rest) => {
    state.work?.spend(running.size * threadSteps);
    step.call(machine, running, next, ...rest);
  };
  prog.getInst = (index) => {
    state.work?.spend(instructionSteps);
    return prog.inst[index];
  };
  metered.set(engine, state);
  return state;
}

/** The engine keeps its machines for the next match; this makes the first. */
function machineOf(engine: Engine): Machine {
  engine.doExecuteNFA(new MatchInput("", new Work()), 0, 0, 0);
  return engine.machinePool.at(-1) as Machine;
}
