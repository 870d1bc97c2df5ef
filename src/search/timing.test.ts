// Timing with a decoder whose every token takes a known time on a clock of the test's own.
import { describe, expect, it } from "vitest";
import { createSpec } from "../spec/spec.ts";
import { type TimedDecoder, timeDecode, timePrefill } from "./timing.ts";

const spec = createSpec({ layers: 2, width: 64, ffnWidth: 64, heads: 2, vocabulary: 100, context: 128 });

/** A decoder that needs 1 ms per prompt, 0.1 ms per token, and `jitter(run)` ms more per append. */
function fakeDecoder(jitter: (run: number) => number = () => 0) {
  let time = 0;
  let runs = 0;
  let longest = 0;
  let open = 0;
  const decoder: TimedDecoder & { close(): void } = {
    spec,
    close: () => open--,
    createSession: ({ capacity }) => {
      let length = 0;
      open++;
      return {
        append(ids) {
          length += ids.length;
          if (length > capacity || capacity > spec.context) throw new Error("overflow");
          longest = Math.max(longest, length);
          time += 1 + 0.1 * ids.length + jitter(runs++);
        },
        truncate: (to) => {
          length = to;
        },
        close: () => open--,
      };
    },
  };
  open++;
  return { decoder, now: () => time, pass: (ms: number) => void (time += ms), state: () => ({ longest, open }) };
}

describe("timing", () => {
  it("prefill counts prompt tokens, decode one token at a time", async () => {
    const { decoder, now } = fakeDecoder();
    expect(await timePrefill(decoder, 40, { now })).toEqual({
      tokensPerSecond: expect.closeTo(8000, 3),
      mean: expect.closeTo(8000, 3),
      spread: expect.closeTo(0, 6),
      repeats: 5,
    });
    expect((await timeDecode(decoder, 40, { now })).tokensPerSecond).toBeCloseTo(1000 / 1.1, 3);
  });

  it("decoding stays within the context and at most 64 tokens behind where it starts", async () => {
    const short = fakeDecoder();
    await timeDecode(short.decoder, 20, { now: short.now });
    expect(short.state().longest).toBe(84);
    const full = fakeDecoder();
    await timeDecode(full.decoder, 127, { now: full.now });
    expect(full.state().longest).toBe(128);
  });

  it("the median counts, and the spread says how far the repeats lie apart", async () => {
    const { decoder, now } = fakeDecoder((run) => (run % 50 === 0 ? 20 : 0));
    const { tokensPerSecond, spread } = await timeDecode(decoder, 8, { now, repeatSeconds: 0.01, repeats: 9 });
    expect(tokensPerSecond).toBeCloseTo(1000 / 1.1, 0);
    expect(spread).toBeGreaterThan(0.3);
  });

  it("what is done between repeats takes none of their time, nor of the budget", async () => {
    const { decoder, now, pass } = fakeDecoder();
    let calls = 0;
    const between = () => {
      calls++;
      pass(10_000);
    };
    const timing = { now, between, repeats: 6, budgetSeconds: 5 };
    const { tokensPerSecond, repeats } = await timePrefill(decoder, 40, timing);
    expect(tokensPerSecond).toBeCloseTo(8000, 3);
    expect([repeats, calls]).toEqual([6, 6]);
  });

  it("a slow first run of little work does not say how often a repeat runs", async () => {
    const { decoder, now } = fakeDecoder((run) => (run === 1 ? 20 : 0));
    await timeDecode(decoder, 8, { now, repeatSeconds: 0.01, repeats: 3 });
    expect(now()).toBeGreaterThan(20 + 3 * 10);
  });

  it("stops when aborted", async () => {
    const { decoder, now } = fakeDecoder();
    await expect(timePrefill(decoder, 8, { now, signal: AbortSignal.abort() })).rejects.toThrow("stopped while timing");
  });
});
