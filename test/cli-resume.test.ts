// Training that is interrupted: what was written stays whole, and --resume ends with the weights of an uninterrupted run.
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeTinyCalls } from "../src/create/tiny-data.case.ts";
import { handheld } from "./support/cli.ts";

const cwd = mkdtempSync(join(tmpdir(), "handheld-cli-resume-"));
afterAll(() => rmSync(cwd, { recursive: true }));
writeTinyCalls(join(cwd, "home.jsonl"));
const spec = { layers: 1, width: 32, ffnWidth: 64, heads: 2, vocabulary: 1, context: 256 };
writeFileSync(join(cwd, "tiny.json"), JSON.stringify(spec));
const steps = 400;
const recipe = { length: { steps }, validations: 2, dropout: 0.1, ema: 0.99 };
writeFileSync(join(cwd, "recipe.json"), JSON.stringify(recipe));
const create = ["create", "--data", "home.jsonl", "--spec", "tiny.json", "--recipe", "recipe.json"];

const weights = (name: string, form: "float" | "int4") =>
  readFileSync(join(cwd, "runs", name, form, "model.safetensors"));

/** Training steps that a run's metrics tell of. */
function trained(name: string): number[] {
  const path = join(cwd, "runs", name, "metrics.jsonl");
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
  return lines.map((line) => JSON.parse(line)).flatMap(({ event }) => (event?.type === "step" ? [event.step] : []));
}

/** Runs create, and sends a signal once training has made `after` steps and a checkpoint. */
function interrupt(name: string, signal: NodeJS.Signals, after: number) {
  let sent = false;
  return handheld([...create, "--name", name, "--checkpoint-seconds", "0.05"], {
    cwd,
    whileRunning: (kill) => {
      if (sent || !existsSync(join(cwd, "runs", name, "checkpoint.bin")) || trained(name).length < after) return;
      sent = true;
      kill(signal);
    },
  });
}

describe("create --resume", () => {
  beforeAll(async () => {
    expect((await handheld([...create, "--name", "whole"], { cwd })).code).toBe(0);
  });

  /** Resumes and compares with the uninterrupted run, byte by byte. */
  async function resume(name: string) {
    const before = trained(name);
    expect(before.length).toBeGreaterThanOrEqual(40);
    expect(before.length).toBeLessThan(steps);
    expect(existsSync(join(cwd, "runs", name, "float"))).toBe(false);
    appendFileSync(join(cwd, "runs", name, "metrics.jsonl"), '{"half a line'); // as a full disk leaves it
    const { code, err, out } = await handheld(["create", "--name", name, "--resume"], { cwd });
    expect(err).not.toContain("error");
    expect(code).toBe(0);
    const from = Number(/resumed at step (\d+)/.exec(out)?.[1]);
    expect(from).toBeGreaterThan(0);
    expect(trained(name).slice(before.length)).toEqual(Array.from({ length: steps - from }, (_, i) => from + 1 + i));
    for (const form of ["float", "int4"] as const)
      expect(weights(name, form).equals(weights("whole", form))).toBe(true);
    const report = readFileSync(join(cwd, "runs", name, "report.html"), "utf8");
    expect(report).toContain(name);
  }

  it("after kill -9 ends with the same weights, bit for bit", async () => {
    const ended = await interrupt("killed", "SIGKILL", 40);
    expect(ended).toMatchObject({ code: null, signal: "SIGKILL" });
    await resume("killed");
  });

  it("after Ctrl-C, which exits with 130 and says so, as well", async () => {
    const ended = await interrupt("stopped", "SIGINT", 40);
    expect(ended).toMatchObject({ code: 130, signal: null });
    expect(ended.err).toMatch(/stopped; finished files are intact\n$/);
    await resume("stopped");
  });

  it("of a finished run makes the same model again, without training", async () => {
    const before = trained("whole").length;
    const [float, int4] = [weights("whole", "float"), weights("whole", "int4")];
    expect((await handheld(["create", "--name", "whole", "--resume"], { cwd })).code).toBe(0);
    expect(trained("whole")).toHaveLength(before);
    expect(weights("whole", "float").equals(float) && weights("whole", "int4").equals(int4)).toBe(true);
  });

  it("of a run that never was says so", async () => {
    const { code, err } = await handheld(["create", "--name", "never", "--resume"], { cwd });
    expect({ code, err }).toEqual({
      code: 1,
      err: "error: there is no run to resume at runs/never; leave --resume out\n",
    });
  });
});
