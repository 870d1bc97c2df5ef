// Executors by name. A new device: one file and one line here.

import { type AdbOptions, createAdbExecutor } from "./adb.ts";
import { createDryRunExecutor } from "./dry-run.ts";
import type { Executor } from "./executor.ts";
import { createTermuxExecutor } from "./termux.ts";
import { createWebExecutor, type WebOptions } from "./web.ts";

export { type ExecuteOptions, type Execution, type Executor, execute } from "./executor.ts";
export {
  type AdbOptions,
  createAdbExecutor,
  createDryRunExecutor,
  createTermuxExecutor,
  createWebExecutor,
  type WebOptions,
};

/** Factories of all executors. */
export const EXECUTORS: Readonly<Record<string, (options?: AdbOptions & WebOptions) => Executor>> = {
  "dry-run": createDryRunExecutor,
  adb: createAdbExecutor,
  termux: createTermuxExecutor,
  web: createWebExecutor,
};

/** The executors with their default options. */
export const adbExecutor: Executor = createAdbExecutor();
export const termuxExecutor: Executor = createTermuxExecutor();
export const dryRunExecutor: Executor = createDryRunExecutor();
