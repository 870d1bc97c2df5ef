// Stop strings in pieces of text: what is shown never depends on where the pieces end.
import { describe, expect, it } from "vitest";
import { createRandom } from "../random.ts";
import { StopMatcher } from "./stop.ts";

/** What is shown piece by piece, then what is held back until the end, and the stop string. */
function run(stops: readonly string[], pieces: readonly string[]) {
  const matcher = new StopMatcher(stops);
  const shown = pieces.map((piece) => matcher.push(piece));
  return { shown, rest: matcher.flush(), stopped: matcher.stopped };
}

describe("StopMatcher", () => {
  it.each([
    ["no stop strings", [], ["ab", "c"], ["ab", "c"], "", null],
    ["within a piece", ["END"], ["one END two", "three"], ["one ", ""], "", "END"],
    ["across pieces, one character each", ["END"], ["x", "E", "N", "D", "y"], ["x", "", "", "", ""], "", "END"],
    ["a beginning that comes to nothing", ["END"], ["xE", "Nx"], ["x", "ENx"], "", null],
    ["a beginning that begins again", ["aab"], ["a", "a", "a", "b"], ["", "", "a", ""], "", "aab"],
    ["a beginning at the end of the text", ["END"], ["xEN"], ["x"], "EN", null],
    ["several: the one that is complete first", ["long one", "ng"], ["a lo", "ng one"], ["a ", "lo"], "", "ng"],
    [
      "several that are complete at once: the longest",
      ["ne", "long one"],
      ["a lo", "ng one"],
      ["a ", ""],
      "",
      "long one",
    ],
    ["one that is the beginning of another", ["ab", "abc"], ["xabc"], ["x"], "", "ab"],
    ["at the very beginning", ["a"], ["ab"], [""], "", "a"],
    ["an empty one never matches", ["", "b"], ["ab"], ["a"], "", "b"],
    ["characters outside the first plane", ["🙂!"], ["hi 🙂", "! there"], ["hi ", ""], "", "🙂!"],
  ] as const)("%s", (_what, stops, pieces, shown, rest, stopped) => {
    expect(run(stops, pieces)).toEqual({ shown, rest, stopped });
  });

  it("random texts, stops and pieces: what is shown ends before the first stop string that is complete", () => {
    const random = createRandom(5, "stops");
    const word = (most: number) =>
      Array.from({ length: 1 + random.below(most) }, () => random.pick(["a", "b", "c"])).join("");
    let stopped = 0;
    for (let i = 0; i < 3000; i++) {
      const text = word(12);
      const stops = Array.from({ length: 1 + random.below(3) }, () => word(4));
      const pieces: string[] = [];
      for (let at = 0; at < text.length; ) pieces.push(text.slice(at, (at += 1 + random.below(4))));
      const got = run(stops, pieces);
      const wanted = slow(stops, text);
      expect({ text: got.shown.join("") + got.rest, stopped: got.stopped }, JSON.stringify({ stops, pieces })).toEqual(
        wanted,
      );
      if (got.stopped !== null) stopped++;
    }
    expect(stopped).toBeGreaterThan(500);
  });

  it("holds back no more than it must", () => {
    const matcher = new StopMatcher(["\n\nUser:"]);
    expect(matcher.push("Hello there.\n")).toBe("Hello there.");
    expect(matcher.push("\nUse")).toBe("");
    expect(matcher.push("ful")).toBe("\n\nUseful");
  });
});

/** Character by character: the longest stop string among those that are complete first. */
function slow(stops: readonly string[], text: string): { text: string; stopped: string | null } {
  for (let end = 1; end <= text.length; end++) {
    const complete = stops.filter((stop) => text.slice(0, end).endsWith(stop));
    const stopped = complete.sort((a, b) => b.length - a.length)[0];
    if (stopped !== undefined) return { text: text.slice(0, end - stopped.length), stopped };
  }
  return { text, stopped: null };
}
