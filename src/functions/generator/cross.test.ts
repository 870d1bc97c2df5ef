import { describe, expect, it } from "vitest";
import { cross } from "./cross.ts";
import { latticeOf } from "./distance.ts";
import { redrawTraining } from "./index.ts";
import type { Phrasing } from "./phrasing.ts";
import type { Family } from "./phrasings/index.ts";
import { Random } from "./random.ts";
import { parseTemplate, vocabulary } from "./template.ts";

const family: Family = { name: "test", weight: 1, calls: [], imperative: [], other: [] };

function phrasing(source: string): Phrasing {
  const template = parseTemplate(source);
  return { id: source, family, imperative: true, template, lattice: latticeOf(template), words: vocabulary(template) };
}

const crossed = (a: string, b: string): string | undefined =>
  cross(phrasing(a), phrasing(b), new Random(1))?.template.source;

describe("cross", () => {
  it("begins as one phrasing and goes on behind a shared slot as the other", () => {
    expect(crossed("wake me up at {time} {days} please", "set the alarm for {time} {days} now")).toBe(
      "wake me up at {} {} now",
    );
  });

  it("crosses nothing that would lose or repeat a value", () => {
    expect(crossed("remind me at {time} to {task}", "alarm at {time}")).toBe("remind me at {}");
    expect(crossed("to {task} at {time} remind me", "at {time} I want to {task} today")).toBeUndefined();
  });

  it("puts no words behind free text but punctuation, and keeps quotes in pairs", () => {
    expect(crossed("tell {name} {message}", 'write "{message}" in a text to {name}')).toBeUndefined();
    expect(crossed("text {name} this: {message}", 'send {name} the words "{message}"')).toBe(
      'text {} the words " {} "',
    );
    expect(crossed('"{message}" to {name}', "text {message} please")).toBeUndefined();
  });

  it("keeps at least as many words as the shorter of the two", () => {
    expect(crossed("{title} {date} is on my calendar", "add to the calendar {title} {date}")).toBeUndefined();
  });
});

describe("redrawTraining", () => {
  it("crosses a share of the training phrasings, and the data set itself holds none", () => {
    const ids = redrawTraining({ samples: 2000 })(1).map(({ phrasing }) => phrasing ?? "");
    const share = ids.filter((id) => id.includes("×")).length / ids.length;
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.4);
  });
});
