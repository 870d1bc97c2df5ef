// Jobs and devices without a network: what is validated, what a host replies, and how a device takes replies that lie.
import { expect, it, vi } from "vitest";
import { createPredictor } from "../search/latency/predictor.ts";
import { syntheticProfile } from "../search/latency/synthetic.case.ts";
import { createSpec } from "../spec/spec.ts";
import { ChannelDevice } from "./channel-device.ts";
import type { JobEvent } from "./device.ts";
import { DeviceError } from "./errors.ts";
import { createJobHost } from "./host.ts";
import { type JobResult, parseFor, runJob } from "./jobs.ts";
import { createLocalDevice } from "./local.ts";
import type { Command, Reply } from "./messages.ts";
import { calibrateOn, verifyOn } from "./search-on.ts";

const tiny = { layers: 2, width: 64, ffnWidth: 128, heads: 2, vocabulary: 256, context: 128 };
const huge = { layers: 64, width: 16384, ffnWidth: 65536, heads: 128, vocabulary: 128256 };
const quick = { prompt: 8, context: 8, repeats: 1, repeatSeconds: 0.001, threads: 1 };
const silent = { signal: new AbortController().signal, progress: () => {}, part: () => {} };
const measured = { decodeTokensPerSecond: 5, prefillTokensPerSecond: 9, spread: 0.1, sizeBytes: 99 };
const row = { index: 0, measured, problem: null };
const repeated = { median: 5, spread: 0, repeats: 1 };
const point = {
  ...{ weights: "int4", kv: "int8", threads: 1, prompt: 8, output: 8, memoryBytes: 1e6 },
  ...{ firstTokenMs: repeated, prefillTokensPerSecond: repeated, decodeTokensPerSecond: repeated },
  ...{ prefillJoulesPerToken: null, decodeJoulesPerToken: null },
};
const result = { threads: 1, simd: "relaxed", rows: [row] };

it("measures specs here: a row and a part for each, and a model too large only fails its own row", async () => {
  const device = createLocalDevice();
  const events: JobEvent[] = [];
  const onEvent = (event: JobEvent) => void events.push(event);
  const { rows, threads, simd } = await device.run("measure", { ...quick, specs: [tiny, huge] }, { onEvent });
  expect(threads).toBe(1);
  expect(simd).toBe("relaxed");
  expect(rows).toHaveLength(2);
  expect(rows[0]!.measured!.decodeTokensPerSecond).toBeGreaterThan(10);
  expect(rows[1]).toMatchObject({ index: 1, measured: null, problem: expect.stringMatching(/memory/) });
  expect(events.filter(({ type }) => type === "part")).toEqual(rows.map((value) => ({ type: "part", value })));
  expect(events.at(-1)).toMatchObject({ type: "progress", done: 2, total: 2 });
  await device.close();
  await expect(device.run("measure", { specs: [tiny] })).rejects.toMatchObject({ code: "aborted" });
});

it("refuses unknown jobs and wrong parameters, naming the field", async () => {
  const run = (name: string, params: unknown) => runJob(name, params, silent).catch((error) => error) as Promise<Error>;
  expect(await run("prob", {})).toMatchObject({
    code: "invalid-option",
    message: 'there is no job "prob"; did you mean "probe"?',
  });
  expect(await run("constructor", {})).toMatchObject({ code: "invalid-option" });
  expect((await run("probe", { threads: 0 })).message).toMatch(/^params of the job probe: threads: /);
  expect(await run("probe", { extra: 1 })).toMatchObject({ code: "invalid-data" });
  const wrong = { ...quick, specs: [tiny, { ...tiny, heads: 3, kvHeads: 2 }] };
  expect((await run("measure", wrong)).message).toMatch(/^params of the job measure: specs\.1: .*heads/);
});

it("ends a job by its signal, also before it begins", async () => {
  const stop = new AbortController();
  const device = createLocalDevice();
  const onEvent = () => stop.abort();
  const options = { signal: stop.signal, onEvent };
  await expect(device.run("measure", { ...quick, specs: [tiny] }, options)).rejects.toMatchObject({ code: "aborted" });
  await expect(device.run("probe", {}, { signal: stop.signal })).rejects.toMatchObject({ code: "aborted" });
});

it("a host runs jobs in order, replies with results and errors, aborts by id and closes at the end", async () => {
  const replies: Reply[] = [];
  const closed = Promise.withResolvers<void>();
  const host = createJobHost({ send: (reply) => void replies.push(reply), onClose: closed.resolve });
  const specs = [tiny];
  host.receive({ type: "run", id: 1, job: "measure", params: { ...quick, specs } });
  host.receive({ type: "run", id: 2, job: "nothing", params: {} });
  host.receive({ type: "run", id: 3, job: "measure", params: { ...quick, specs } });
  host.receive({ type: "abort", id: 3 });
  host.receive({ type: "abort", id: 99 });
  await vi.waitFor(() => expect(replies.at(-1)).toMatchObject({ id: 3 }), 30_000);
  host.receive({ type: "close", reason: "done" });
  await closed.promise;
  const ends = replies.filter(({ type }) => type === "result" || type === "error");
  expect(ends).toMatchObject([
    { type: "result", id: 1, value: { rows: [{ index: 0, problem: null }] } },
    { type: "error", id: 2, error: { code: "invalid-option" } },
    { type: "error", id: 3, error: { code: "aborted" } },
  ]);
});

/** Whatever the machine that tests run on does, all rounds count. */
const anyState = { times: [], weightBytes: 1, halfStreamed: 1 };

it("calibrates and verifies for a search, with predictions beside what was measured", async () => {
  const device = createLocalDevice();
  const told: [number, string][] = [];
  const onProgress = (done: number, what: string) => void told.push([done, what]);
  const profile = await calibrateOn(device, { seconds: 1, acceptUnsteady: true, threads: 1, onProgress });
  expect(profile.engine.threads).toBe(1);
  expect(told.map(([, what]) => what)).toContain("models");
  const specs = [createSpec(tiny), createSpec({ ...tiny, layers: 4 })];
  const predictor = createPredictor(profile);
  const asked = { prompt: 8, context: 8, rounds: 2, threads: 1, predictor, anchors: anyState };
  const found = await verifyOn(device, specs, asked);
  expect(found.map(({ spec }) => spec)).toEqual(specs);
  for (const { spec, prefill, decode } of found) {
    const { prefillTokensPerSecond, decodeTokensPerSecond } = predictor.speed(spec, { prompt: 8, context: 8 });
    expect([prefill.predicted, decode.predicted]).toEqual([prefillTokensPerSecond, decodeTokensPerSecond]);
    expect(decode.rounds).toHaveLength(2);
    expect(decode.tokensPerSecond).toBeGreaterThan(10);
  }
  const [only] = await verifyOn(device, specs.slice(0, 1), { prompt: 8, context: 8, rounds: 1 });
  expect(only!.decode.predicted).toBeNull();
}, 180_000);

it("refuses a profile with numbers that no device has", async () => {
  const profile = { ...syntheticProfile(), date: "2026-01-01T00:00:00Z" };
  expect(parseFor("calibrate", "result", { profile })).toEqual({ profile });
  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ ...profile, device: { ...profile.device, memoryBytes: 1e300 } }, /a number that no device has: 1e\+300/],
    [{ ...profile, device: { ...profile.device, cpuModel: "x".repeat(1e6) } }, /a string that no device has/],
    [{ ...profile, version: 2 }, /version/],
  ];
  for (const [lie, message] of wrong) {
    expect(() => parseFor("calibrate", "result", { profile: lie })).toThrow(message);
  }
});

it("refuses a cost with numbers or texts that no device has", () => {
  const part = { type: "point", point };
  expect(parseFor("cost", "part", part)).toEqual(part);
  for (const lie of [{ memoryBytes: 1e300 }, { weights: "\u001b[2J" }, { kv: "x".repeat(1e5) }]) {
    expect(() => parseFor("cost", "part", { type: "point", point: { ...point, ...lie } })).toThrow(/no device has/);
  }
  expect(() => parseFor("cost", "part", { type: "point" })).toThrow(/part of the job cost/);
});

it("goes on behind the parts of a job that can", async () => {
  const { device, sent } = scripted();
  const params = { spec: tiny, forms: ["int4" as const] };
  const running = device.run("cost", params);
  device.reply({ type: "part", id: 1, value: { type: "point", point } });
  device.restart();
  expect(sent.at(-1)).toMatchObject({ id: 1, params: { ...params, done: [point] } });
  device.reply({ type: "part", id: 1, value: { type: "point", point: { ...point, prompt: 16 } } });
  device.restart();
  expect(sent.at(-1)).toMatchObject({ params: { done: [point, { ...point, prompt: 16 }] } });
  device.lost(new DeviceError("lost", "far", "gone"));
  await expect(running).rejects.toMatchObject({ parts: { length: 2 } });
});

/** A device whose other end the test is. */
function scripted(abortMs = 20) {
  const sent: Command[] = [];
  const channel = { send: (command: Command) => void sent.push(command), close: async () => {} };
  const device: ChannelDevice = new ChannelDevice({ name: "far", channel, abortMs });
  return { device, sent };
}

it("hands over validated parts and the result", async () => {
  const { device, sent } = scripted();
  const events: JobEvent[] = [];
  const running = device.run("measure", { specs: [tiny] }, { onEvent: (event) => void events.push(event) });
  expect(sent).toEqual([{ type: "run", id: 1, job: "measure", params: { specs: [tiny] } }]);
  device.reply({ type: "progress", id: 1, done: 0, total: 1, note: "first" });
  device.reply({ type: "note", text: "the page was hidden, or the screen off, for 9 s" });
  device.reply({ type: "part", id: 1, value: row });
  device.reply({ type: "result", id: 1, value: result });
  expect(await running).toEqual(result);
  expect(events.map(({ type }) => type)).toEqual(["progress", "note", "part"]);
  device.reply({ type: "part", id: 1, value: row }); // late: nobody is there any more
});

const lies: [what: string, reply: unknown, message: RegExp][] = [
  ["no reply at all", 7, /no valid reply/],
  ["an unknown type", { type: "hack", id: 1 }, /no valid reply: type/],
  ["further fields", { type: "note", text: "x", html: "<b>" }, /no valid reply/],
  ["a progress that is no number", { type: "progress", id: 1, done: "1", total: 1, note: "" }, /done/],
  ["a note of a megabyte", { type: "progress", id: 1, done: 0, total: 1, note: "x".repeat(1e6) }, /note/],
  ["a note that is a terminal's control sequence", { type: "note", text: "\u001b]0;owned\u0007" }, /text/],
  ["a result of another shape", { type: "result", id: 1, value: { rows: [] } }, /^far: result of the job measure/],
  [
    "a speed that cannot be",
    { type: "result", id: 1, value: { ...result, rows: [{ ...row, measured: { ...measured, spread: 1e300 } }] } },
    /rows\.0\.measured\.spread/,
  ],
  ["a part of another shape", { type: "part", id: 1, value: { index: -1 } }, /^far: part of the job measure: index/],
  ["an error that is none", { type: "error", id: 1, error: "oops" }, /error/],
];

it.each(lies)("a device that sends %s fails its job, with the parts that came", async (_, lie, message) => {
  const { device } = scripted();
  const running = device.run("measure", { specs: [tiny] }).catch((error) => error);
  device.reply({ type: "part", id: 1, value: row });
  expect(() => device.reply(lie)).toThrow(DeviceError);
  const error = await running;
  expect(error).toMatchObject({ name: "DeviceError", problem: "invalid-reply", code: "invalid-data", parts: [row] });
  expect(error.message).toMatch(message);
});

it("passes on the job's own errors, typed, and takes an unknown code for a bug of the other side", async () => {
  const failing = async (error: unknown) => {
    const { device } = scripted();
    const running = device.run("probe", {}).catch((caught) => caught);
    device.reply({ type: "error", id: 1, error });
    return running;
  };
  expect(await failing({ code: "out-of-memory", message: "too large" })).toMatchObject({
    code: "out-of-memory",
    message: "far: too large",
  });
  expect(await failing({ code: "constructor", message: "x" })).toMatchObject({ problem: "invalid-reply" });
  expect(await failing({ code: null, message: "x is undefined" })).toMatchObject({
    message: "far: the job failed: x is undefined",
  });
});

it("a device that sends parts without end fails its job", async () => {
  const { device } = scripted();
  const running = device.run("measure", { specs: [tiny] }).catch((error) => error);
  const flood = () => {
    for (let i = 0; i <= 10_000; i++) device.reply({ type: "part", id: 1, value: row });
  };
  expect(flood).toThrow(/more than 10000 parts/);
  expect(await running).toMatchObject({ problem: "invalid-reply" });
});

it("aborts: asks the device, and gives up on one that does not answer", async () => {
  const { device, sent } = scripted();
  const stop = new AbortController();
  const running = device.run("probe", {}, { signal: stop.signal });
  stop.abort();
  await expect(running).rejects.toMatchObject({ code: "aborted" });
  expect(sent.at(-1)).toEqual({ type: "abort", id: 1 });
});

it("a device that is lost ends its jobs with what came, and runs no more", async () => {
  const { device } = scripted();
  const running = device.run("measure", { specs: [tiny] }).catch((error) => error);
  device.reply({ type: "part", id: 1, value: row });
  device.lost(new DeviceError("lost", "far", "nothing was heard of it for 300 s"));
  expect(await running).toMatchObject({ problem: "lost", parts: [row] });
  await expect(device.run("probe", {})).rejects.toMatchObject({ problem: "lost" });
});

it("a device that forgot its job goes on behind the parts that came, or begins again where there are none", async () => {
  const { device, sent } = scripted();
  const events: JobEvent[] = [];
  const onEvent = (event: JobEvent) => void events.push(event);
  const running = device.run("measure", { specs: [tiny, tiny] }, { onEvent });
  device.restart();
  expect(sent[1]).toMatchObject({ type: "run", id: 1, params: { specs: [tiny, tiny], earlier: [] } });
  device.reply({ type: "part", id: 1, value: row });
  device.restart();
  expect(sent[2]).toMatchObject({ type: "run", id: 1, params: { specs: [tiny, tiny], earlier: [row] } });
  expect(events.filter(({ type }) => type === "restarted")).toEqual([
    { type: "restarted", parts: 0 },
    { type: "restarted", parts: 1 },
  ]);
  device.lost(new DeviceError("lost", "far", "gone"));
  await expect(running).rejects.toMatchObject({ parts: [row] });
});

it("a calibration has no parts: it begins again, and says so", async () => {
  const { device, sent } = scripted();
  const events: JobEvent[] = [];
  const running = device.run("calibrate", { seconds: 5 }, { onEvent: (event) => void events.push(event) });
  device.restart();
  expect(sent[1]).toEqual(sent[0]);
  expect(events).toEqual([{ type: "restarted", parts: 0 }]);
  device.lost(new DeviceError("lost", "far", "gone"));
  await expect(running).rejects.toMatchObject({ problem: "lost" });
});

it("measures and verifies only what earlier parts have not", async () => {
  const part = vi.fn();
  const tools = { ...silent, part };
  const fake = { ...row, measured: { ...measured, decodeTokensPerSecond: 123 } };
  const specs = [tiny, { ...tiny, layers: 1 }];
  const { rows } = (await runJob("measure", { ...quick, specs, earlier: [fake] }, tools)) as JobResult<"measure">;
  expect(rows[0]).toEqual(fake);
  expect(rows[1]!.measured!.decodeTokensPerSecond).not.toBe(123);
  expect(part.mock.calls).toEqual([[rows[1]]]);
  part.mockClear();
  const turn = { model: 1, round: 0, prefill: 77, decode: 11, prefillPace: 1, decodePace: 1, off: 0 };
  const asked = { specs, prompt: 8, context: 8, rounds: 2, threads: 1, earlier: [turn] };
  const { turns } = (await runJob("verify", asked, tools)) as JobResult<"verify">;
  expect(turns[0]).toEqual(turn);
  expect(turns).toHaveLength(4);
  expect(part.mock.calls.map(([{ model, round }]) => [model, round])).toEqual([
    [0, 0],
    [1, 1],
    [0, 1],
  ]);
}, 60_000);
