// What an instruct model is shown: messages in each style, chat templates, and which functions and examples.
import { describe, expect, it } from "vitest";
import { createRetriever } from "../../functions/retrieve.ts";
import type { FunctionSchema, Sample } from "../../functions/types.ts";
import { tinyTokenizer } from "../../generate/tiny-model.case.ts";
import { PromptEncoder, type PromptParts, userMessage } from "./prompt.ts";
import { chooseExamples, chooseTools, singleCalls } from "./tools.ts";

const tools: FunctionSchema[] = [
  {
    name: "dial",
    description: "Calls.",
    parameters: {
      type: "object",
      properties: { number: { type: "string", description: "Whom.", extractive: true, format: "phone" } },
      required: ["number"],
    },
  },
  {
    name: "tag",
    parameters: {
      type: "object",
      properties: { names: { type: "array", items: { type: "string", extractive: true } } },
    },
    returns: { type: "integer", description: "How many." },
  },
];
const sample = (query: string, name: string, response?: string): Sample => ({
  query,
  answers: [{ name, arguments: name === "dial" ? { number: "911" } : {} }],
  ...(response === undefined ? {} : { response }),
});
const parts = (changes: Partial<PromptParts> = {}): PromptParts => ({
  ...{ query: "call 112", tools, examples: [], style: "json", response: false },
  ...changes,
});

describe("userMessage", () => {
  it("shows functions as JSON without our own extensions, asks for a form, and ends with the query", () => {
    const text = userMessage(parts());
    expect(text).toContain(
      '{"name":"dial","description":"Calls.","parameters":{"type":"object","required":["number"],"properties":{"number":{"type":"string","description":"Whom."}}}}',
    );
    expect(text).not.toMatch(/extractive|"format"/);
    expect(text).toContain('[{"name": "function", "arguments": {"argument": "value"}}]');
    expect(text.endsWith("\n\nNow my query is: call 112")).toBe(true);
    expect(userMessage(parts({ style: "code" }))).toContain('result1 = function(argument="value")');
  });

  it("minimal: DroidCall's text of each function, and not a word about the answer", () => {
    expect(userMessage(parts({ style: "minimal" }))).toBe(`Here is a list of functions that you can invoke:
Name:
    dial
Description:
    Calls.
Args:
    number (str): Whom.
Returns:
    None
==================================================
Name:
    tag
Description:
    
Args:
    names (List[str]): 
Returns:
    int: How many.

Now my query is: call 112`);
  });

  it("shows worked examples in the form of the answer, with the response where it is wanted", () => {
    const examples = [sample("call 911", "dial", "Calling 911.")];
    expect(userMessage(parts({ examples }))).toContain(
      'Some examples:\n\nquery: call 911\nanswer:\n[{"name": "dial", "arguments": {"number": "911"}}]\n\nNow',
    );
    const code = userMessage(parts({ examples, style: "code", response: true }));
    expect(code).toContain('answer:\nresult1 = dial(number="911")\nResponse: Calling 911.\n\nNow');
    expect(code).toMatch(/line that begins with `Response:`/);
  });
});

describe("PromptEncoder", () => {
  const withTemplate = (chat_template?: string) => {
    const tokenizer = tinyTokenizer();
    const config = { ...tokenizer.config, ...(chat_template === undefined ? {} : { chat_template }) };
    return Object.assign(Object.create(tokenizer), {
      config,
      encode: (text: string, options: object) => tokenizer.encode(text, options),
    }) as typeof tokenizer;
  };
  const text = (tokenizer: ReturnType<typeof tinyTokenizer>) =>
    tinyTokenizer().decode([...new PromptEncoder(tokenizer).encode(parts())]);

  it("writes the messages one after the other where there is no chat template", () => {
    const plain = text(withTemplate());
    expect(plain).toMatch(/^You are an expert in composing functions\.\n\nHere is a list/);
    expect(plain.endsWith("Now my query is: call 112\nanswer:\n")).toBe(true);
  });

  it("applies a chat template, and puts the system text into the user's message where it takes no other", () => {
    const each = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>";
    expect(text(withTemplate(each))).toMatch(/^<system>You are .*functions\.<user>Here is .*call 112<assistant>$/s);
    const strict = `{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}${each}`;
    expect(text(withTemplate(strict))).toMatch(/^<user>You are .*functions\.\n\nHere is .*call 112<assistant>$/s);
  });
});

describe("chooseTools", () => {
  const many = Array.from(
    { length: 9 },
    (_, i): FunctionSchema => ({
      name: `tool${"abcdefghi"[i]}`,
      description: `word${i}`,
      parameters: { type: "object", properties: {} },
    }),
  );
  const retriever = createRetriever(many);
  const names = (query: Sample, how: Parameters<typeof chooseTools>[2]) =>
    chooseTools(query, retriever, how).map(({ name }) => name);

  it("gold: the right ones among random others, in an order that depends on query and seed", () => {
    const asked = { query: "q", answers: ["toolc", "toolh"].map((name) => ({ name, arguments: {} })) };
    const shown = names(asked, { source: "gold", count: 4, seed: 1 });
    expect(shown).toHaveLength(4);
    expect(shown).toEqual(expect.arrayContaining(["toolc", "toolh"]));
    expect(names(asked, { source: "gold", count: 4, seed: 1 })).toEqual(shown);
    expect(new Set(names(asked, { source: "gold", count: 99, seed: 1 }))).toEqual(
      new Set(many.map(({ name }) => name)),
    );
    expect(names(asked, { source: "gold", count: 1, seed: 1 }).sort()).toEqual(["toolc", "toolh"]);
    const first = Array.from(
      { length: 40 },
      (_, i) => names({ ...asked, query: `q${i}` }, { source: "gold", count: 4, seed: 1 })[0],
    );
    expect(new Set(first).size).toBeGreaterThan(3);
  });

  it("retrieved: what the search finds, right or not", () => {
    const asked = { query: "word4 word7", answers: [{ name: "toola", arguments: {} }] };
    expect(names(asked, { source: "retrieved", count: 2, seed: 1 })).toEqual(["toole", "toolh"]);
  });
});

describe("chooseExamples", () => {
  it("takes single calls of the shown functions in turn, as many as there are", () => {
    const both = { query: "both", answers: [...sample("", "dial").answers, ...sample("", "tag").answers] };
    const train = singleCalls([
      both,
      sample("a", "dial"),
      sample("b", "dial"),
      sample("c", "tag"),
      sample("d", "other"),
    ]);
    const queries = (shots: number) => chooseExamples(tools, train, shots).map(({ query }) => query);
    expect([queries(0), queries(1), queries(3), queries(9)]).toEqual([[], ["a"], ["a", "c", "b"], ["a", "c", "b"]]);
  });
});
