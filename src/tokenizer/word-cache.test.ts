// Encoding by remembered words equals the library's on the whole text.
import { Tokenizer as Library } from "@huggingface/tokenizers";
import { describe, expect, it } from "vitest";
import { trainTokenizer } from "./bpe-trainer.ts";
import { forLibrary } from "./format.ts";
import { WordCache, wordRule } from "./word-cache.ts";

const texts = [
  "wake me up at 8:30, it's not too late",
  "",
  " ",
  "  two  spaces\n\nand lines ",
  "12345 678 ٣٤٥",
  "\u0085x\ufeff y\u00a0z",
  "日本語 naïve Ünï 🙂👩‍👩‍👧",
  "set_alarm( <|end|> we'll 's",
  "\ud800 alone",
];

describe("encodePlain", () => {
  for (const addPrefixSpace of [false, true])
    for (const maxDigits of [1, 2, Number.POSITIVE_INFINITY]) {
      it(`equals the library's ids (prefix space ${addPrefixSpace}, at most ${maxDigits} digits), twice`, () => {
        const specialTokens = ["<|end|>"];
        const options = {
          vocabularySize: 320,
          specialTokens,
          literalTokens: ["set_alarm("],
          addPrefixSpace,
          maxDigits,
        };
        const tokenizer = trainTokenizer(texts, options);
        const plain = { normalizer: null, post_processor: null, ...tokenizer.json, added_tokens: [] };
        const library = new Library(forLibrary(plain), tokenizer.config);
        for (const text of [...texts, ...texts]) {
          const wanted = library.encode(text, { add_special_tokens: false }).ids;
          expect(tokenizer.encodePlain(text), JSON.stringify(text)).toEqual(wanted);
        }
      });
    }

  it("asks for each word once", () => {
    const asked: string[] = [];
    const cache = new WordCache(true, (word) => [asked.push(word)]);
    expect(cache.encode("a b a")).toEqual([1, 2, 1]);
    expect(asked).toEqual([" a", " b"]);
  });

  it("goes word by word only where words are independent", () => {
    const { json } = trainTokenizer(texts, { vocabularySize: 300 });
    expect(wordRule(json)).not.toBeNull();
    expect(wordRule({ ...json, normalizer: { type: "NFC" } })).toBeNull();
    expect(wordRule({ ...json, pre_tokenizer: { type: "Metaspace" } })).toBeNull();
    expect(wordRule({ ...json, pre_tokenizer: null })).toBeNull();
  });
});
