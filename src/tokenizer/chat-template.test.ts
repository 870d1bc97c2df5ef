// Which template is taken, what it is given, how it refuses; and templates that would never end. Parity with Python is
// test/parity/chat-templates.test.ts.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HandheldError } from "../errors.ts";
import { trainTokenizer } from "./bpe-trainer.ts";
import { type ChatMessage, createChatTemplate } from "./chat-template.ts";
import { strftime } from "./strftime.ts";
import { loadChatTemplate } from "./tokenizer-file.ts";

const hello: ChatMessage[] = [{ role: "user", content: "Hello" }];
const of = (chat_template: unknown) => createChatTemplate({ bos_token: { content: "<s>" }, chat_template })!;

describe("a chat template", () => {
  it("is absent, one, or one of several by name", () => {
    expect(createChatTemplate({})).toBeNull();
    expect(of("{{ bos_token }}{{ messages[0].content }}").render(hello)).toBe("<s>Hello");
    const several = of([
      { name: "default", template: "plain" },
      { name: "tool_use", template: "{{ tools | length }} tools" },
    ]);
    expect(several.names).toEqual(["default", "tool_use"]);
    expect(several.render(hello)).toBe("plain");
    expect(several.render(hello, { tools: [{}, {}] })).toBe("2 tools");
    expect(several.render(hello, { tools: [{}], template: "default" })).toBe("plain");
    expect(() => several.render(hello, { template: "rag" })).toThrow("there are: default, tool_use");
  });

  it("knows the date and further variables", () => {
    const template = of("{{ strftime_now('%-d %B %Y, %I:%M %p') }} {{ thinking }} {{ add_generation_prompt }}");
    const date = new Date(2026, 2, 7, 15, 5);
    expect(template.render(hello, { date, variables: { thinking: "on" } })).toBe("7 March 2026, 03:05 PM on true");
    expect(strftime(new Date(2024, 11, 31, 0, 0, 9), "%a %A %b %d %e %H %I %j %m %M %p %S %y %% %Q")).toBe(
      "Tue Tuesday Dec 31 31 00 12 366 12 00 AM 09 24 % %Q",
    );
  });

  it("refuses a conversation with its own words", () => {
    const template = of("{{ raise_exception('roles must\n alternate') }}");
    expect(() => template.render(hello)).toThrow(HandheldError);
    expect(() => template.render(hello)).toThrow("the chat template refuses: roles must");
  });

  it("is a text file of its own before it is in a configuration", async () => {
    const tokenizer = trainTokenizer(["a b"], { vocabularySize: 258 });
    const folder = mkdtempSync(join(tmpdir(), "handheld-chat-"));
    expect(await loadChatTemplate(folder, tokenizer)).toBeNull();
    writeFileSync(join(folder, "chat_template.json"), JSON.stringify({ chat_template: "json" }));
    expect((await loadChatTemplate(folder, tokenizer))?.render(hello)).toBe("json");
    writeFileSync(join(folder, "chat_template.jinja"), "jinja {{ eos_token }}");
    expect((await loadChatTemplate(folder, tokenizer))?.render(hello)).toBe("jinja <|endoftext|>");
    rmSync(folder, { recursive: true });
  });
});

describe("a hostile chat template ends in a typed error:", () => {
  const loop = (depth: number, body: string): string =>
    depth === 0 ? body : `{% for i${depth} in range(99999) %}${loop(depth - 1, body)}{% endfor %}`;
  const cases: [string, string][] = [
    ["loops in loops", loop(4, "x")],
    ["loops without a body", loop(3, "")],
    ["a range without an end", "{% for i in range(1000000000000) %}{% endfor %}"],
    ["a text that doubles", `{% set s = 'ab' %}{% for i in range(60) %}{% set s = s + s %}{% endfor %}`],
    [
      "a text that doubles in a namespace",
      "{% set n = namespace(s='ab') %}{% for i in range(60) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
    ],
    [
      "a list that doubles",
      "{% set n = namespace(s=[1]) %}{% for i in range(60) %}{% set n.s = n.s + n.s %}{% endfor %}",
    ],
    [
      "lists of the same list",
      "{% set n = namespace(s=[1]) %}{% for i in range(60) %}{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s | tojson }}",
    ],
    [
      "namespaces in namespaces",
      "{% set a = namespace(x=1) %}{% set b = namespace(x=1) %}{% set b.x = a %}{% set b.y = a %}{{ b.x }}",
    ],
    ["a macro that calls itself", "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}"],
    ["very deep brackets", `{{ ${"(".repeat(20_000)}1${")".repeat(20_000)} }}`],
    ["what it does not know", "{{ messages | frobnicate }}"],
    ["what is not closed", "{% if true %}"],
    ["a template that is too long", " ".repeat(300_000)],
    ["a long indentation", "{{ 'a\nb' | indent(500000000) | length }}"],
  ];
  it.each(cases)("%s", (_what, source) => {
    let error: unknown;
    try {
      of(source).render(hello);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(HandheldError);
    expect((error as HandheldError).message).toMatch(/^tokenizer_config\.json: the chat template /);
  });

  it("and a long conversation is none", () => {
    const messages = Array.from({ length: 2000 }, (_, i) => ({ role: "user", content: `${i} ${"word ".repeat(200)}` }));
    const template = of("{% for m in messages %}{{ messages[loop.index0].role ~ m.content | trim }}\n{% endfor %}");
    expect(template.render(messages).split("\n")).toHaveLength(2001);
  });

  it("and a malformed list of templates is none", () => {
    expect(() => of([{ name: "default" }])).toThrow("an entry has no name or no template");
    expect(() => of(5)).toThrow("neither a text nor a list");
  });
});
