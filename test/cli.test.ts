// The program as a process: exit codes, signals, closed pipes. What commands print is tested in src/cli.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const main = new URL("../src/cli/main.ts", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "handheld-cli-"));
const spec = join(folder, "tiny.json");
writeFileSync(spec, JSON.stringify({ layers: 1, width: 32, ffnWidth: 32, heads: 1, vocabulary: 64, context: 256 }));
afterAll(() => rmSync(folder, { recursive: true }));

// Sixty measurements of fifty repeats would take minutes: there is time to interrupt them.
const lengths = Array.from({ length: 60 }, (_, i) => i + 1).join(",");
const long = ["bench", spec, "--prefill", lengths, "--repeats", "50", "--threads", "1", "--json"];

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

/** Runs the program; `onText` sees what standard error holds so far. */
function handheld(args: string[], onText: (err: string, kill: (signal: NodeJS.Signals) => void) => void = () => {}) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => onText((err += chunk), (signal) => child.kill(signal)));
  const ended = new Promise<Ended>((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal, out, err })),
  );
  return { child, ended };
}

describe("handheld as a process", () => {
  it("bench --json closes stdout with one object that has the promised keys", async () => {
    const { ended } = handheld(["bench", spec, "--prefill", "8", "--decode", "8,16", "--repeats", "3", "--json"]);
    const { code, out } = await ended;
    expect(code).toBe(0);
    const result = JSON.parse(out.trimEnd().split("\n").at(-1)!);
    expect(result).toMatchObject({
      model: spec,
      parameters: 64 * 32 + 4 * 32 * 32 + 3 * 32 * 32 + 3 * 32,
      threads: expect.any(Number),
      simd: expect.stringMatching(/relaxed|simd128|none/),
      bandwidthGBps: expect.any(Number),
      loadMs: expect.any(Number),
      residentBytes: expect.any(Number),
      prefill: [{ tokens: 8, tokensPerSecond: expect.any(Number), spread: expect.any(Number) }],
      decode: [{ context: 8 }, { context: 16 }],
    });
  });

  it("bench --profile splits time and memory, in the result, the table and a drawing", async () => {
    const svg = join(folder, "bars.svg");
    const sizes = ["--prefill", "8", "--decode", "8", "--repeats", "1", "--threads", "1"];
    const { ended } = handheld(["bench", spec, ...sizes, "--profile", "--svg", svg, "--json"]);
    const { code, out, err } = await ended;
    expect(code).toBe(0);
    const { profile } = JSON.parse(out.trimEnd().split("\n").at(-1)!);
    expect(profile).toMatchObject({
      profiles: [
        { phase: "prefill", tokens: 8, busyMs: { ffn: expect.any(Number) }, cost: expect.any(Number) },
        { phase: "decode", tokens: 8, waitingMs: { ffn: expect.any(Number) }, outsideMs: expect.any(Number) },
      ],
      memory: { ffn: expect.any(Number), cache: expect.any(Number) },
    });
    for (const text of ["barrier wait", "attention projections", "the profile costs", "KV cache"]) {
      expect(err).toContain(text);
    }
    expect(readFileSync(svg, "utf8")).toMatch(/^<svg [\s\S]*decode at 8[\s\S]*<\/svg>\n$/);
  });

  it("stops at Ctrl-C with 130 and no result", async () => {
    let sent = false;
    const { ended } = handheld(long, (err, kill) => {
      if (err.includes('"progress"') && !sent) kill((sent = true) && "SIGINT");
    });
    const { code, out, err } = await ended;
    expect({ code, out }).toEqual({ code: 130, out: "" });
    expect(err).toMatch(/stopped; finished files are intact\n$/);
  });

  it("exits with 2 and one line at a mistyped command, with 1 at a missing file", async () => {
    const typo = await handheld(["bnch"]).ended;
    expect(typo).toEqual({
      code: 2,
      signal: null,
      out: "",
      err: 'error: unknown command "bnch"; did you mean "bench"?\n',
    });
    const missing = await handheld(["bench", join(folder, "none.json")]).ended;
    expect(missing.code).toBe(1);
    expect(missing.err).toMatch(/^error: cannot read .*none\.json: no such file or folder; check the path\n$/);
  });

  it("ends quietly when its output is closed early", async () => {
    const { child, ended } = handheld(["--help"]);
    child.stdout.destroy();
    expect(await ended).toMatchObject({ code: 0, err: "" });
  });
});
