// handheld run as text: it chats by the model's template where there is one, and else completes.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { tinyModel, tinyTokenizer } from "../generate/tiny-model.case.ts";
import type { LoadedModel } from "../model/load.ts";
import { createChatTemplate } from "../tokenizer/chat-template.ts";
import { createTokenizer } from "../tokenizer/tokenizer.ts";
import { complete, turnEnds } from "./complete.ts";
import type { CommandIo } from "./io.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-complete-"));
afterAll(() => rmSync(folder, { recursive: true }));
const trained = tinyTokenizer({ specialTokens: ["<end>", "<turn>", "<stop>"] });
const options = {
  ...{ query: "the cat", maxTokens: 4, temperature: 0, topK: undefined, topP: undefined, minP: undefined },
  ...{ repetitionPenalty: undefined, stop: undefined, seed: 1 },
};

/** Runs one query and gives the tokens of its prompt. */
async function promptTokens(model: LoadedModel, mode: "auto" | "chat" | "complete"): Promise<number> {
  let result: Readonly<Record<string, unknown>> = {};
  const io = {
    ...{ json: true, signal: new AbortController().signal, interactive: false, columns: 80 },
    ...{ print: () => {}, write: () => {}, warn: () => {}, ask: async () => null },
    result: (value: Readonly<Record<string, unknown>>) => {
      result = value;
    },
  } as unknown as CommandIo;
  await complete(model, mode, options, io);
  return result.promptTokens as number;
}

describe("handheld run", () => {
  const plain = trained.encode("the cat").length;
  const chat = "{% for m in messages %}<turn>{{ m.role }} {{ m.content }}<stop>{% endfor %}<turn>";
  const prompt = trained.encode("<turn>user the cat<stop><turn>").length;

  it("completes where there is no chat template", async () => {
    const model = { ...tinyModel(trained), dir: folder };
    expect(await promptTokens(model, "auto")).toBe(plain);
    await expect(promptTokens(model, "chat")).rejects.toThrow("there is no chat template; use --mode complete");
    model.close();
  });

  it("chats by the template of the tokenizer's configuration, or of a file", async () => {
    const tokenizer = createTokenizer(trained.json, { ...trained.config, chat_template: chat });
    const model = { ...tinyModel(tokenizer), dir: folder };
    expect(await promptTokens(model, "auto")).toBe(prompt);
    expect(await promptTokens(model, "complete")).toBe(plain);
    model.close();
    writeFileSync(join(folder, "chat_template.jinja"), chat);
    const other = { ...tinyModel(trained), dir: folder };
    expect(await promptTokens(other, "auto")).toBe(prompt);
    other.close();
    rmSync(join(folder, "chat_template.jinja"));
  });

  it("knows the token that its template writes after an answer", () => {
    const tokenizer = createTokenizer(trained.json, { ...trained.config, chat_template: chat });
    const model = tinyModel(tokenizer);
    const ends = turnEnds(model, createChatTemplate(tokenizer.config)!);
    expect(ends).toEqual(new Set([tokenizer.eosId, tokenizer.tokenToId("<stop>")]));
    const plain = createChatTemplate({ chat_template: "{% for m in messages %}{{ m.content }} and {% endfor %}" })!;
    expect(turnEnds(model, plain)).toEqual(model.eosIds);
    const strict = createChatTemplate({ chat_template: "{{ raise_exception('no') }}" })!;
    expect(turnEnds(model, strict)).toEqual(model.eosIds);
    model.close();
  });
});
