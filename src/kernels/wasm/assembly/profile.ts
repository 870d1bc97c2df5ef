// Time per operator: when asked, each thread looks at the clock after each command and after the barrier behind it.
// WebAssembly has no clock: `now` is the engine's, and is called only while profiling and to choose tiles.
import { thread, threads } from "./control";
import { OPERATORS, OPERATOR_SLOT, PROFILE, PROFILING } from "./op";

/** Milliseconds since some moment. */
// @ts-ignore: decorator
@external("env", "now")
export declare function now(): f64;

/** When the last interval ended. */
let last: f64 = 0;

export function isProfiling(): bool {
  return load<i32>(PROFILING) != 0;
}

export function startClock(): void {
  last = now();
}

/** Books the time since the last booking as work of the command's operator. */
export function bookBusy(command: usize): void {
  book(command, 0);
}

/** The same as waiting for the other threads to finish the command. */
export function bookWaiting(command: usize): void {
  book(command, 8);
}

// A thread counts for its share, so that the sum over threads is the time that passed.
function book(command: usize, kind: usize): void {
  const operator = load<i32>(command + (OPERATOR_SLOT << 2));
  const at = <usize>PROFILE + (<usize>(thread() * OPERATORS + operator) << 4) + <usize>kind;
  const time = now();
  store<f64>(at, load<f64>(at) + (time - last) / <f64>threads());
  last = time;
}
