// Chat templates in the manner of published families against transformers' apply_chat_template (chat_templates.py).
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { HandheldError } from "../../src/errors.ts";
import { type ChatMessage, createChatTemplate } from "../../src/tokenizer/index.ts";

interface Case {
  template: string;
  messages: number;
  tools: number;
  prompt: boolean;
  extra: { documents?: unknown[]; controls?: unknown };
  text: string | null;
}
const packed = readFileSync(new URL("./fixtures/chat-templates.json.gz", import.meta.url));
const { templates, conversations, tools, cases } = JSON.parse(gunzipSync(packed).toString("utf8")) as {
  templates: Record<string, string>;
  conversations: ChatMessage[][];
  tools: unknown[];
  cases: Case[];
};
const date = new Date(2026, 2, 7, 9, 5, 3);

describe.each(Object.keys(templates))("%s", (name) => {
  const own = cases.filter(({ template }) => template === name);
  const template = createChatTemplate({ bos_token: "<s>", eos_token: "</s>", chat_template: templates[name] })!;

  it(`writes ${own.filter(({ text }) => text !== null).length} conversations as Python does, and refuses the others`, () => {
    for (const { messages, tools: count, prompt, extra, text } of own) {
      const { documents, ...variables } = extra;
      const render = () =>
        template.render(conversations[messages]!, {
          ...(count > 0 ? { tools: tools.slice(0, count) } : {}),
          ...(documents ? { documents } : {}),
          addGenerationPrompt: prompt,
          date,
          variables,
        });
      const where = `conversation ${messages}, ${count} tools`;
      if (text === null) expect(render, where).toThrow(HandheldError);
      else expect(render(), where).toBe(text);
    }
  });
});
