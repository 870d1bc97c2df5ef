// Call models on disk: what a model directory needs to be one, and what is said when it is not.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HandheldError } from "../errors.ts";
import { codecTokens, createCallCodec } from "../functions/codec.ts";
import { getCallFormat } from "../functions/formats/registry.ts";
import type { FunctionSchema } from "../functions/types.ts";
import { createReferenceBackend } from "../kernels/index.ts";
import { convertModel } from "../model/convert.ts";
import { saveModel } from "../model/save.ts";
import { randomTensors } from "../model/tiny.case.ts";
import { isCallModel, loadCallModel, saveCallFiles } from "./call-model.ts";
import { createCaller } from "./calls.ts";
import { tinyModel, tinyTokenizer } from "./tiny-model.case.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-call-model-"));
afterAll(() => rmSync(folder, { recursive: true }));

const functions: FunctionSchema[] = [
  { name: "play", parameters: { type: "object", properties: { song: { type: "string" } }, required: ["song"] } },
  {
    name: "set_alarm",
    parameters: { type: "object", properties: { hour: { type: "integer", minimum: 0, maximum: 23 } } },
  },
];
const settings = { format: "code_short", queryRepeats: 2 as const };
const { special, literal } = codecTokens(getCallFormat(settings.format), functions);
const tokenizer = tinyTokenizer({ specialTokens: special, literalTokens: literal, roles: { eos: special[2]! } });
const model = tinyModel(tokenizer, { context: 512 });
const whole = join(folder, "whole");

beforeAll(async () => {
  await saveModel(whole, { spec: model.spec, tensors: randomTensors(model.spec), tokenizer });
  await saveCallFiles(whole, functions, settings);
});

describe("a call model", () => {
  it("loads with its functions and settings and gives the same answers", async () => {
    const backend = createReferenceBackend();
    expect(await isCallModel(whole)).toBe(true);
    const loaded = await loadCallModel(backend, whole);
    expect(loaded).toMatchObject({ functions, settings });
    const before = createCaller(model.decoder, tokenizer, createCallCodec(tokenizer, functions, settings));
    for (const query of ["play some jazz", "wake me up at 8"]) {
      expect(loaded.caller.call(query).text).toBe(before.call(query).text);
    }
    loaded.close();
    expect(backend.allocatedBytes).toBe(0);
  });

  it("is one in int4 as well", async () => {
    const int4 = join(folder, "int4");
    await convertModel(whole, int4);
    const { functions: kept, settings: same, caller } = await loadCallModel(createReferenceBackend(), int4);
    expect({ kept, same }).toEqual({ kept: functions, same: settings });
    expect(caller.call("play some jazz").calls.length).toBeGreaterThan(0);
  });
});

describe("what is not a call model is an error of one line that names the file", () => {
  type Damage = (dir: string) => void;
  const change =
    (name: string, edit: (json: Record<string, unknown>) => unknown): Damage =>
    (dir) =>
      writeFileSync(join(dir, name), JSON.stringify(edit(JSON.parse(readFileSync(join(dir, name), "utf8")))));
  it.each<[string, Damage, string, RegExp]>([
    ["no handheld.json", (dir) => rmSync(join(dir, "handheld.json")), "io", /handheld\.json: no such file/],
    ["no functions.json", (dir) => rmSync(join(dir, "functions.json")), "io", /functions\.json: no such file/],
    ["no functions", change("functions.json", () => []), "invalid-data", /functions\.json/],
    [
      "another version",
      change("handheld.json", (json) => ({ ...json, version: 2 })),
      "invalid-file",
      /handheld\.json: version: /,
    ],
    [
      "another task",
      change("handheld.json", (json) => ({ ...json, task: "chat" })),
      "invalid-file",
      /handheld\.json: task: /,
    ],
    [
      "an unknown format",
      change("handheld.json", (json) => ({ ...json, format: "code_shrt" })),
      "invalid-file",
      /handheld\.json: unknown call format "code_shrt"; did you mean "code_short"\?$/,
    ],
    [
      "an inherited name as format",
      change("handheld.json", (json) => ({ ...json, format: "toString" })),
      "invalid-file",
      /unknown call format/,
    ],
    [
      "functions of another model",
      change("functions.json", () => [{ ...functions[0], name: "pause" }]),
      "invalid-file",
      /tokenizer\.json has no token "pause\("; is this model for these functions\?$/,
    ],
  ])("%s", async (what, damage, code, message) => {
    const dir = join(folder, what);
    cpSync(whole, dir, { recursive: true });
    damage(dir);
    const backend = createReferenceBackend();
    const error = await loadCallModel(backend, dir).then(
      () => new Error("it loaded"),
      (cause: HandheldError) => cause,
    );
    expect(error.message).toMatch(message);
    expect(error).toBeInstanceOf(HandheldError);
    expect(error).toMatchObject({ code });
    expect(error.message).toContain(dir);
    expect(error.message).not.toContain("\n");
    expect(backend.allocatedBytes).toBe(0);
  });
});
