// Runs nothing: shows the call itself. Takes every function, also those that no device command can express.

import type { Call } from "../types.ts";
import { defineExecutor, type Executor } from "./executor.ts";

/** An executor that only shows calls. */
export function createDryRunExecutor(): Executor {
  const describe = (call: Call): string => {
    const args = Object.entries(call.arguments).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
    return `${call.name}(${args.join(", ")})`;
  };
  return defineExecutor({
    name: "dry-run",
    commandFor: (call) => [call.name, ...Object.entries(call.arguments).map(([k, v]) => `${k}=${JSON.stringify(v)}`)],
    describe,
    run: null,
  });
}
