// The command lines that the examples in the help show must parse: flags spelled right, values within limits.
import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { runCli } from "../cli.ts";
import type { Frame } from "../command.ts";
import { benchFrame } from "./bench.ts";
import { convertFrame } from "./convert.ts";
import { createFrame } from "./create.ts";
import { deviceFrame } from "./device.ts";
import { evalFrame } from "./eval.ts";
import { infoFrame } from "./info.ts";
import { leaderboardFrame } from "./leaderboard.ts";
import { modelsFrame } from "./models.ts";
import { pullFrame } from "./pull.ts";
import { quantizeFrame } from "./quantize.ts";
import { resultsFrame } from "./results.ts";
import { runFrame } from "./run.ts";
import { searchFrame } from "./search.ts";
import { trainFrame } from "./train.ts";

const frames: Frame[] = [
  createFrame,
  searchFrame,
  trainFrame,
  runFrame,
  pullFrame,
  quantizeFrame,
  convertFrame,
  benchFrame,
  evalFrame,
  resultsFrame,
  leaderboardFrame,
  deviceFrame,
  modelsFrame,
  infoFrame,
] as Frame[];
const examples = frames.flatMap((frame) => frame.examples.map(([line]) => ({ line, frame })));

it.each(examples)("handheld $line", async ({ line, frame }) => {
  let parsed: Record<string, unknown> | undefined;
  let stderr = "";
  const words = [...line.replace(/ > .*$/, "").matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!);
  const code = await runCli(words, {
    commands: [{ frame, run: async (options) => void (parsed = options) }],
    version: "0",
    stdin: new PassThrough(),
    stdout: { write: () => {} },
    stderr: { write: (text) => (stderr += text) },
    signal: new AbortController().signal,
    interrupt: () => {},
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const names = [...Object.keys(frame.arguments), ...Object.keys(frame.options), "json", "threads", "seed"];
  for (const name of Object.keys(parsed!)) expect(names).toContain(name);
  expect(typeof parsed!.seed).toBe("number");
});
