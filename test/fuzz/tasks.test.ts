// Damaged task files: whatever is wrong with one is a typed error, and what is left of it asks its questions.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { HandheldError } from "../../src/errors.ts";
import { shippedTasks } from "../../src/eval/shipped.ts";
import { loadTaskFile } from "../../src/eval/tasks/catalogue.ts";
import { prepareTask } from "../../src/eval/tasks/prepare.ts";
import { createRandom, type Random } from "../../src/random.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-fuzz-tasks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const given = readFileSync(fileURLToPath(new URL("../parity/fixtures/lm-eval/rows.json", import.meta.url)), "utf8");
const rows = JSON.parse(given) as Record<string, Record<string, unknown[]>>;
const names = ["piqa", "hellaswag", "winogrande", "sciq", "arc_easy", "triviaqa", "race", "wikitext", "truthfulqa_mc2"];
for (const name of names) {
  mkdirSync(join(folder, name));
  for (const [split, some] of Object.entries(rows[name]!)) {
    writeFileSync(join(folder, name, `${split}.jsonl`), some.map((row) => `${JSON.stringify(row)}\n`).join(""));
  }
}
cpSync(join(shippedTasks, "shared"), join(folder, "shared"), { recursive: true });

const pieces = [
  "{{",
  "}}",
  "!function x.y",
  "[",
  "]",
  "{",
  "}",
  ": ",
  "null",
  "-1",
  "1e9",
  "&a ",
  "*a",
  "\n",
  "'",
  '"',
  "{% if 1 %}",
];

function damaged(text: string, random: Random): string {
  const at = random.below(text.length);
  const rest = text.slice(at);
  return (
    text.slice(0, at) +
    random.pick([
      rest.slice(1 + random.below(12)),
      random.pick(pieces) + rest,
      `${random.pick(pieces)}${rest.slice(3)}`,
    ])
  );
}

/** Reads a file, asks its questions and scores made-up answers. */
async function use(path: string, name: string): Promise<void> {
  const { catalogue, name: found } = await loadTaskFile(path);
  for (const task of catalogue.find(found)) {
    if (task.kind !== "task") continue;
    const { documents, filters, metrics, config } = await prepareTask(task, {
      folder: join(folder, name),
      hub: { offline: true },
    });
    const answer = config.output_type === "generate_until" ? "x" : { logLikelihood: -1, greedy: false };
    for (const { row, requests } of documents) {
      metrics.values(
        row,
        requests.map(() => filters[0]!.apply([answer])),
      );
    }
  }
}

it.each(names)("%s: 150 damaged files", async (name) => {
  const random = createRandom(1, "tasks", name);
  const text = readFileSync(join(shippedTasks, `${name}.yaml`), "utf8");
  const path = join(folder, "damaged.yaml");
  let whole = 0;
  for (let i = 0; i < 150; i++) {
    let changed = text;
    for (let k = random.below(3); k >= 0; k--) changed = damaged(changed, random);
    writeFileSync(path, changed);
    try {
      await use(path, name);
      whole++;
    } catch (error) {
      expect(error, changed).toBeInstanceOf(HandheldError);
    }
  }
  expect(whole).toBeGreaterThan(0);
});
