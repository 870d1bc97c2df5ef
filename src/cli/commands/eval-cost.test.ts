// Options, measurement and tables of --cost, in a frame of the test's own, on this machine.
import { expect, it } from "vitest";
import type { CostPoint } from "../../cost/result.ts";
import { createSpec } from "../../spec/spec.ts";
import { defineFrame, register } from "../command.ts";
import { runCommand } from "../run-here.case.ts";
import { costOptions, measureCostOn } from "./eval-cost.ts";
import { showCost } from "./show-cost.ts";

const spec = createSpec({ layers: 2, width: 64, ffnWidth: 128, heads: 2, vocabulary: 256, context: 128 });
const frame = defineFrame({ name: "cost", summary: "s", arguments: {}, options: costOptions, examples: [] });

/** Runs the options through a command, and gives what it printed. */
async function run(line: string, done?: CostPoint[]) {
  const heard: CostPoint[] = [];
  const command = register(frame, async (options, io) => {
    const found = await measureCostOn("local", { ...options, spec, done, onPoint: (point) => heard.push(point) }, io);
    showCost(found.cost, io);
    io.result({ ...found });
  });
  const { code, err, result } = await runCommand([command], "cost", ...line.split(" "), "--json");
  return { code, text: err, heard, result };
}

const small = "--prompts 8,16 --outputs 4 --forms int8,int4 --cost-threads 1 --cost-seconds 0.1";

it("measures, and shows tables of points, time, memory and a sustained run", async () => {
  const { code, text, heard, result } = await run(`${small} --sustained 0.035`);
  expect([code, text.match(/error.*/)?.[0]]).toEqual([0, undefined]);
  expect(result).toMatchObject({ name: "local", transport: "local", deviceNotes: [] });
  expect(result.facts.cores).toBeGreaterThan(0);
  expect(result.cost.points).toEqual(heard);
  expect(heard.map(({ weights, prompt }) => `${weights} ${prompt}`)).toEqual([
    "int8 8",
    "int8 16",
    "int4 8",
    "int4 16",
  ]);
  expect(text).toMatch(/weights +threads +prompt +output +first token ms +prefill tok\/s +decode tok\/s +memory\n/);
  expect(text.match(/^ {2}int[48] +1 +(8|16) +4 .*(k|M)B$/gm)).toHaveLength(4);
  expect(text).toMatch(/FFN +\d+\.\d % +\d+\.\d %/);
  expect(text).toMatch(/KV cache +\d/);
  expect(text).toMatch(
    /\d(\.\d)? s of decoding without a pause \(int8, 1 thread, context 64\): at the end \d+ % of the best speed/,
  );
  expect(text).toMatch(/energy: /);
  expect(text).toMatch(/note: random weights/);
});

it("goes on behind points that are done", async () => {
  const first = await run(`${small} --forms int4`);
  const again = await run(`${small} --forms int4`, first.heard);
  expect(again.heard).toEqual([]);
  expect(again.result.cost.points).toEqual(first.heard);
});

it("shows joules where they were counted", async () => {
  const { result } = await run(`${small} --prompts 8`);
  const point = { ...result.cost.points[0], prefillJoulesPerToken: 0.01234, decodeJoulesPerToken: 0.5 };
  let text = "";
  const energy = { source: "Linux powercap (package-0)", note: "of the processor" };
  showCost({ ...result.cost, breakdown: null, points: [point], energy }, {
    print: (line: string) => (text += `${line}\n`),
  } as never);
  expect(text).toMatch(/prefill J\/tok +decode J\/tok\n/);
  expect(text).toMatch(/ 0\.0123 +0\.5\n/);
  expect(text).toMatch(/energy: Linux powercap \(package-0\); of the processor/);
});

it.each([
  ["--forms int5", /--forms .*takes int4, int8, f32; got "int5"; did you mean "int4"/],
  ["--prompts 0", /--prompts .*takes a number from 1/],
])("refuses %s", async (line, message) => {
  const { code, text } = await run(line);
  expect(code).toBe(2);
  expect(text).toMatch(message);
});
