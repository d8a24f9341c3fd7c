import { Turns } from "../../lib/turns.ts";
import { BodyBudget } from "./body-budget.ts";

/** What all requests share beyond the seats of flow control: room for bodies, and the thread for what takes long. */
export class SharedWork {
  readonly bodies = new BodyBudget();
  readonly turns = new Turns();
}
