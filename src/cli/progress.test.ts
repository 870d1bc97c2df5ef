// Progress in its three forms, with a clock that the test moves.
import { describe, expect, it } from "vitest";
import { createIo } from "./process-io.ts";
import { createProgress, type ProgressSink, remainingSeconds } from "./progress.ts";
import { formatTable } from "./table.ts";

function fakeSink(mode: ProgressSink["mode"], columns = 80) {
  const lines: string[] = [];
  const drawn: string[] = [];
  let time = 0;
  const sink: ProgressSink = {
    mode,
    columns,
    now: () => time,
    line: (text) => lines.push(text),
    redraw: (text) => drawn.push(text),
  };
  return { sink, lines, drawn, advance: (ms: number) => (time += ms) };
}

describe("progress", () => {
  it("on a terminal: a bar with share, ETA and note, that fits the line", () => {
    const { sink, lines, drawn, advance } = fakeSink("bar", 60);
    const progress = createProgress(sink, "Training", { total: 100 });
    advance(10_000);
    progress.update(25, "loss 1.25");
    expect(drawn).toEqual(["Training ███░░░░░░░ 25 % 30 s left · loss 1.25"]);
    progress.update(26); // too soon after the last one
    advance(200);
    progress.update(27, "x".repeat(100));
    expect(drawn[1]!.length).toBe(59);
    progress.finish("loss 1.20");
    expect(drawn.at(-1)).toBe("");
    expect(lines).toEqual(["Training: done in 10 s · loss 1.20"]);
  });

  it("elsewhere: a plain line every ten seconds, none for a job under two", () => {
    const { sink, lines, advance } = fakeSink("lines");
    const progress = createProgress(sink, "Training", { total: 1000, unit: "steps" });
    for (let step = 1; step <= 250; step++) {
      advance(100);
      progress.update(step);
    }
    expect(lines).toEqual([
      "Training: 20/1000 steps (2 %) · 2 s elapsed · 1 min 38 s left",
      "Training: 120/1000 steps (12 %) · 12 s elapsed · 1 min 28 s left",
      "Training: 220/1000 steps (22 %) · 22 s elapsed · 1 min 18 s left",
    ]);
  });

  it("for programs: one JSON object a second", () => {
    const { sink, lines, advance } = fakeSink("json");
    const progress = createProgress(sink, "Training", { total: 4 });
    advance(1000);
    progress.update(1, "loss 2");
    progress.finish();
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { progress: "Training", done: 1, total: 4, seconds: 1, etaSeconds: 3, note: "loss 2" },
      { progress: "Training", done: 1, seconds: 1, finished: true, note: "" },
    ]);
  });

  it("a resumed job's ETA does not count what was done before", () => {
    expect(remainingSeconds(10_000, 60, 100, 50)).toBe(40);
    expect(remainingSeconds(10_000, 50, 100, 50)).toBeNull();
  });

  it("text printed while a bar is shown goes above it", () => {
    let screen = "";
    let time = 0;
    const io = createIo(
      {
        stdin: process.stdin,
        stdout: { write: (text) => (screen += text), isTTY: true },
        stderr: { write: (text) => (screen += text), isTTY: true, columns: 80 },
        signal: new AbortController().signal,
        interrupt: () => {},
        now: () => time,
      },
      false,
    );
    const progress = io.progress("Training", { total: 2 });
    time = 1000;
    progress.update(1);
    const bar = screen;
    io.print("hello");
    expect(screen).toBe(`${bar}\r\x1b[Khello\n${bar}`);
  });
});

it("tables align numbers right and text left", () => {
  const table = formatTable(
    [{ title: "model" }, { title: "tok/s", numeric: true }],
    [
      ["tiny", "3,120"],
      ["big", "48"],
    ],
  );
  expect(table.split("\n")).toEqual(["  model  tok/s", "  ─────  ─────", "  tiny   3,120", "  big       48"]);
});
