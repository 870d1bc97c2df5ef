// Patterns of published tokenizers are compiled and mean what Oniguruma means; slow and unknown ones are refused.
import { describe, expect, it } from "vitest";
import { HandheldError } from "../errors.ts";
import { compilePattern } from "./oniguruma.ts";

const matches = (pattern: string, text: string) => text.match(compilePattern(pattern, "tokenizer.json"));

describe("a pattern means what Oniguruma means", () => {
  const cases: [pattern: string, text: string, found: string[] | null][] = [
    ["\\s", "\u0085a\ufeff\u3000", ["\u0085", "\u3000"]],
    ["\\d+", "12٣x½", ["12٣"]],
    ["\\w+", "aé_٣-\u0301½", ["aé_٣", "\u0301"]],
    ["(?i:'s|k)", "'S'ſkKK'", ["'S", "'ſ", "k", "K", "K"]],
    ["(?i)a|b", "AB", ["A", "B"]],
    ["[^(\\s|[.,!])]+", "a(b|c.d)e f", ["a", "b", "c", "d", "e", "f"]],
    ["[[:alpha:]&&[^aé]]+", "abcéd", ["bc", "d"]],
    ["[a-c\\-\\]]+", "ab-]d", ["ab-]"]],
    ["[]a]+", "]a", ["]a"]],
    ["^a", "a\naa", ["a", "a"]],
    ["a$", "aa\nba", ["a", "a"]],
    ["\\Aa|a\\z", "aaa", ["a", "a"]],
    ["\\p{^L}\\P{N}", "1a2b", ["1a", "2b"]],
    ["\\p{Han}+|\\p{Hiragana}", "漢字いab", ["漢字", "い"]],
    ["a{2}|b{,2}c|{x", "aabbc{x", ["aa", "bbc", "{x"]],
    ["[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+", " ab--c", [" ab", "-c"]],
    [" ?[^\\s\\p{L}]++-?", " --x", [" --"]],
    ["\\x41\\x{1F600}\\u00e9\\t", "A😀é\t", ["A😀é\t"]],
    ["(?<name>a)(?#why)b(?>c)(?=d)(?<!x)", "abcd", ["abc"]],
    [".", "a\n", ["a"]],
    ["\\bab\\b|\\Bc", "ab éc", ["ab", "c"]],
  ];
  it.each(cases)("%s", (pattern, text, found) => {
    expect([...(matches(pattern, text) ?? [])]).toEqual(found ?? []);
  });
});

describe("a pattern is refused", () => {
  const cases: [pattern: string, reason: string][] = [
    ["(a+)+b", "repeats what can match in several ways"],
    ["(a|a)*b", "repeats what can match in several ways"],
    ["(a?){50}b", "repeats what can match in several ways"],
    ["(?:a{1,9}){2,9}b", "repeats what can match in several ways"],
    ["a*a*a*b", "too many repetitions one after the other"],
    ["(?=a*b*c)x", "too many repetitions one after the other"],
    ["a?a?a?a?a?a?a?a?a?a?a?a?a?x", "too many ways to match"],
    ["a{2000}", "too often"],
    ["(a", "lacks a )"],
    ["a)", "has a ) too many"],
    ["[a", "ends too early"],
    ["*a", "repeats nothing"],
    ["a**", "repeats a repetition"],
    ["(a)\\1", "has \\1, which is not supported"],
    ["(?>a+)b", "atomic group"],
    ["\\p{Klingon}", "unknown property"],
    ["[z-a]", "malformed range"],
    ["(".repeat(100), "nested too deeply"],
    ["x".repeat(5000), "longer than 4096"],
  ];
  it.each(cases)("%s", (pattern, reason) => {
    expect(() => matches(pattern, "")).toThrow(HandheldError);
    expect(() => matches(pattern, "")).toThrow(reason);
  });
});

it("patterns of published tokenizers take linear time for runs that they fail on", () => {
  // 200,000 characters: a second for anything quadratic would be minutes.
  const contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
  const words = `${contraction}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
  for (const run of [" ", "a", "-", "\n", "1"]) {
    const text = `${run.repeat(200_000)}x`;
    expect(matches(words, text)!.join("")).toBe(text);
  }
});
