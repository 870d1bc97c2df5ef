import { describe, expect, it } from "vitest";
import { isSpan, normalizeSpace, spanEdges } from "./spans.ts";

const spans = (text: string): Set<string> => {
  const { starts, ends } = spanEdges(text);
  return new Set(starts.flatMap((start) => ends.filter((end) => end > start).map((end) => text.slice(start, end))));
};

describe("spanEdges", () => {
  it("cuts at words and around punctuation, never at spaces", () => {
    expect(spanEdges("play it!")).toEqual({ starts: [0, 5, 7], ends: [4, 7, 8] });
    expect([...spans("a  b")].sort()).toEqual(["a", "a  b", "b"]);
  });

  it("keeps letters with their marks, and emoji with their modifiers, whole", () => {
    expect([...spans("e\u0301té")]).toEqual(["e\u0301té"]);
    expect([...spans("👩‍👩‍👧👍🏽")].sort()).toEqual(["👍🏽", "👩‍👩‍👧", "👩‍👩‍👧👍🏽"].sort());
  });

  it("lets scripts without spaces be cut at each character", () => {
    expect([...spans("東京へ")].sort()).toEqual(["東", "東京", "東京へ", "京", "京へ", "へ"].sort());
    expect([...spans("안녕 하세요")].sort()).toEqual(["안녕", "안녕 하세요", "하세요"].sort());
  });

  it("finds phone numbers and addresses", () => {
    for (const value of ["(212) 555-1212", "bob@x.org", "o'clock"]) {
      expect(spans("call (212) 555-1212 or bob@x.org at 8 o'clock.")).toContain(value);
    }
  });

  it("has no spans where there are no words, and survives lone surrogates", () => {
    for (const text of ["", " \n\t "]) expect(spanEdges(text)).toEqual({ starts: [], ends: [] });
    expect(spans("a\ud83d b")).toContain("a\ud83d");
  });
});

describe("isSpan", () => {
  const text = "set the alarm, the alarmist";
  const edges = spanEdges(text);
  it.each(["alarm", "the alarm", "alarm, the", ","])("%j is one", (value) => {
    expect(isSpan(value, text, edges)).toBe(true);
  });
  it.each(["", "ala", "alarm,the", " the", "he", "alarms"])("%j is none", (value) => {
    expect(isSpan(value, text, edges)).toBe(false);
  });
  it("finds a whole word behind a part of one", () => {
    expect(isSpan("art", "start art", spanEdges("start art"))).toBe(true);
  });
});

it("normalizeSpace makes runs of white space one space", () => {
  expect(normalizeSpace("  a \n\u00a0b\t")).toBe("a b");
});
