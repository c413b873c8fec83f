import { workerData } from "node:worker_threads";
import { type CrewThreadData, control, takeParts } from "./crew.ts";
import { createHands } from "./hands.ts";

// A helper of `crew.ts`: sleeps until there is work in the shared memory.
const { memory, layout, options } = workerData as CrewThreadData;
const state = new Int32Array(memory.buffer, layout.controlAt, 16);
const hands = createHands(memory, layout, options);

// Work that began before this thread was ready is taken at once.
let seen = Atomics.load(state, control.generation);
while (Atomics.load(state, control.stopped) === 0) {
  takeParts(state, hands);
  Atomics.wait(state, control.generation, seen);
  seen = Atomics.load(state, control.generation);
}
