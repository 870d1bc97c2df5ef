// handheld eval --calls as a user runs it: tables, results and errors, and runs that are killed and go on. Models are random.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callsRecordSchema } from "../src/results/record.ts";
import { handheld, resultOf } from "./support/cli.ts";
import { saveRandomCallModel } from "./support/models.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-eval-calls-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const instruct = fileURLToPath(new URL("parity/fixtures/lm-eval/model", import.meta.url));
const tuned = join(folder, "call-model");

const functions = join(folder, "functions.json");
const data = join(folder, "calls.jsonl");
beforeAll(async () => {
  await saveRandomCallModel(tuned, { context: 256 });
  const parameters = { type: "object", properties: { number: { type: "string" } } };
  writeFileSync(functions, JSON.stringify(["dial", "block", "redial"].map((name) => ({ name, parameters }))));
  const line = (i: number) => ({
    query: `call ${i}${i}${i}`,
    answers: [{ name: "dial", arguments: { number: `${i}${i}${i}` } }],
    response: `Calling ${i}.`,
  });
  writeFileSync(data, Array.from({ length: 60 }, (_, i) => `${JSON.stringify(line(i))}\n`).join(""));
});

const prompted = (work: string, ...more: string[]) => [
  ...[
    "eval",
    instruct,
    "--data",
    data,
    "--functions",
    functions,
    "--split",
    "all",
    "--work",
    join(folder, work),
    "--json",
    "--no-record",
  ],
  ...more,
];
const own = (work: string, ...more: string[]) => [
  "eval",
  tuned,
  "--work",
  join(folder, work),
  "--json",
  "--no-record",
  ...more,
];
const records = (result: Record<string, unknown>) => callsRecordSchema.array().parse(result.calls);
/** What must not differ between two runs of the same. */
const lasting = ({ calls, details }: Record<string, unknown>) => ({ calls, details });

function journalBytes(work: string): number {
  const files = existsSync(join(folder, work)) ? readdirSync(join(folder, work)) : [];
  return files.reduce((sum, name) => sum + statSync(join(folder, work, name)).size, 0);
}

describe("handheld eval --calls", () => {
  it("asks a model in words, with each number of examples, and writes what was wrong", async () => {
    const errors = join(folder, "errors.jsonl");
    const ended = await handheld(
      prompted("words", "--calls", "droidcall", "--shots", "0,1", "--samples", "3", "--errors", errors),
    );
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.err).toMatch(/protocol +shots +metric +value +± stderr +n/);
    expect(ended.err).toMatch(/droidcall +1 +softAccuracy +\d+\.\d % +\d+\.\d % +3/);
    const result = resultOf(ended);
    expect(records(result)).toMatchObject([0, 1].map((shots) => ({ protocol: "droidcall", data, shots, n: 3 })));
    expect(result.details).toMatchObject([{ how: "prompted", config: { toolsPerQuery: 4 } }, { shots: 1 }]);
    const wrong = readFileSync(errors, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(wrong).toHaveLength(6);
    expect(wrong[0]).toMatchObject({ shots: 0, expected: [{ name: "dial" }], shares: { exactMatch: [0, 1] } });
  });

  it("asks for a response where the data have one", async () => {
    const ended = await handheld(prompted("api", "--calls", "api", "--samples", "2", "--tools", "retrieved"));
    expect(ended).toMatchObject({ code: 0 });
    const [record] = records(resultOf(ended));
    expect(Object.keys(record!.metrics)).toEqual(
      expect.arrayContaining(["intentExactMatch", "structureExactMatch", "rouge1", "rougeL"]),
    );
  });

  it("runs a call model in its own form, on what it was made from", async () => {
    const ended = await handheld(own("own", "--calls", "slots", "--samples", "5"));
    expect(ended).toMatchObject({ code: 0 });
    expect(records(resultOf(ended))).toMatchObject([{ protocol: "slots", data: "generated", shots: 0, n: 5 }]);
  });

  it.each<[string, (work: string) => string[]]>([
    ["an instruct model", (work) => prompted(work, "--calls", "droidcall", "--samples", "48", "--answers", "code")],
    ["a call model", (work) => own(work, "--calls", "droidcall", "--samples", "160")],
  ])("killed while it runs, %s goes on to the same result", async (name, args) => {
    const whole = await handheld(args(`whole ${name}`));
    expect(whole).toMatchObject({ code: 0 });
    const size = journalBytes(`whole ${name}`);
    let kills = 0;
    for (const part of [0.2, 0.6]) {
      const ended = await handheld(args(`killed ${name}`), {
        whileRunning: (kill) => {
          if (journalBytes(`killed ${name}`) > part * size) kill("SIGKILL");
        },
      });
      if (ended.signal === "SIGKILL") kills++;
    }
    expect(kills).toBeGreaterThan(0);
    const resumed = await handheld(args(`killed ${name}`));
    expect(lasting(resultOf(resumed))).toEqual(lasting(resultOf(whole)));
    expect(journalBytes(`killed ${name}`)).toBe(size);
  });

  it.each<[string, string[], number, RegExp]>([
    [
      "an unknown protocol",
      ["--calls", "slot"],
      2,
      /--calls.*takes exact, droidcall, api, slots; got "slot"; did you mean "slots"\?/,
    ],
    ["an unknown comparison", ["--calls", "droidcall", "--compare", "loose"], 2, /takes strict, ignore, meaning/],
    ["no tools", ["--calls", "droidcall", "--tools-per-query", "0"], 2, /from 1 to 256/],
    ["rules that are not there", ["--calls", "droidcall", "--rules", "absent.json"], 1, /cannot read absent\.json/],
    ["data that are not there", ["--calls", "api", "--data", "absent.jsonl"], 1, /cannot read absent\.jsonl/],
    ["a number of samples that is none", ["--calls", "api", "--samples", "many"], 2, /--samples takes a whole number/],
  ])("%s is an error of one line", async (_, args, code, message) => {
    const ended = await handheld(prompted("errors", ...args));
    expect(ended).toMatchObject({ code, err: expect.stringMatching(message) });
  });

  it("a call model has no examples", async () => {
    const ended = await handheld(own("errors", "--calls", "droidcall", "--shots", "2"));
    expect(ended).toMatchObject({ code: 2, err: expect.stringMatching(/--shots is for instruct models/) });
  });
});
