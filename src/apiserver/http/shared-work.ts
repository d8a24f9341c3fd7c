import { MemoryReturn } from "../../lib/memory-return.ts";
import { Turns } from "../../lib/turns.ts";
import { BodyBudget } from "./body-budget.ts";

/** What all requests share beyond the seats of flow control: room for bodies, and the thread for what takes long. */
export class SharedWork {
  readonly memory = new MemoryReturn();
  readonly bodies = new BodyBudget(undefined, this.memory);
  readonly turns = new Turns();
}
