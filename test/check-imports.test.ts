// scripts/check-imports.js on a small tree with one offence of each kind.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const script = new URL("../scripts/check-imports.js", import.meta.url).pathname;

function check(files: Record<string, string>): { status: number | null; lines: string[] } {
  const source = mkdtempSync(join(tmpdir(), "handheld-imports-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(source, name)), { recursive: true });
    writeFileSync(join(source, name), text);
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, source], { encoding: "utf8" });
  const name = (line: string) => line.replace(/^.*handheld-imports-[^/]*\//, "");
  return { status, lines: (stdout + stderr).trim().split("\n").map(name) };
}

describe("check-imports", () => {
  it("accepts imports down the pipeline, in comments, and in tests", () => {
    const result = check({
      "errors.ts": 'import "./random.ts";',
      "random.ts": "",
      "model/a.ts": 'import "../spec/a.ts"; import "./b.ts"; import "../errors.ts";\n// import "../train/a.ts"',
      "model/a.test.ts": 'import "../train/a.ts"; import "../../test/x.ts";',
      "index.ts": 'export * from "./train/a.ts";',
    });
    expect(result).toEqual({ status: 0, lines: ["imports: 4 files, all point down the pipeline"] });
  });

  it("prints every offence with its line", () => {
    const result = check({
      "errors.ts": 'import "./spec/a.ts";',
      "functions/a.ts": 'import {\n  a,\n} from "../train/a.ts";\nconst b = await import("../eval/b.ts");',
      "odd/a.ts": 'import "../spec/a.ts";',
      "spec/a.ts": 'export * from "../../bench/a.ts";\nimport "../index.ts";',
    });
    expect(result.status).toBe(1);
    expect(result.lines.slice(0, -1)).toEqual([
      "errors.ts:1: errors.ts imports spec, which comes after it",
      "functions/a.ts:3: functions imports train, which comes after it",
      "functions/a.ts:4: functions imports eval, which comes after it",
      "odd/a.ts:1: folder odd has no place in the pipeline; give it one in scripts/check-imports.js",
      "spec/a.ts:1: imports from outside src; move what is shared into src",
      "spec/a.ts:2: spec imports index.ts, which shows everything; import the module itself",
    ]);
  });

  it("keeps the page's side of remote and Node's apart", () => {
    const result = check({
      "remote/index.ts": 'export * from "./node/open.ts";',
      "remote/jobs.ts": 'import "./node/open.ts";',
      "remote/page/main.ts": 'import "../jobs.ts";\nimport "../node/open.ts";',
      "remote/node/open.ts": 'import "../jobs.ts";\nimport "../page/main.ts";',
      "cli/devices.ts": 'import "../remote/node/open.ts";\nimport "../remote/page/main.ts";',
    });
    expect(result.lines.slice(0, -1)).toEqual([
      "cli/devices.ts:2: cli/devices.ts imports remote/page/main.ts, which only a page runs",
      "remote/jobs.ts:1: remote/jobs.ts imports remote/node/open.ts, which only Node runs",
      "remote/node/open.ts:2: remote/node/open.ts imports remote/page/main.ts, which only a page runs",
      "remote/page/main.ts:2: remote/page/main.ts imports remote/node/open.ts, which only Node runs",
    ]);
  });
});
