// Time and peak memory of turning a 16-bit model in several files into int4: on disk (convert), and while it is loaded into
// memory. Each time in a fresh process, with the files in the disk cache.
//
//   node bench/convert.ts [--model MobileLLM-1.5B] [--dir <folder to write to>] [--rounds 3] [--json]
//
// The directory is written once: random weights in float16, in files of at most 1 GB, with an index.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createBackend } from "../src/kernels/index.ts";
import { convertModel } from "../src/model/convert.ts";
import { writeModelConfig } from "../src/model/directory.ts";
import { loadDecoder, tensorShapes } from "../src/model/index.ts";
import { saveSafetensors } from "../src/model/safetensors-file.ts";
import { shardIndexFile } from "../src/model/shards.ts";
import { preset } from "../src/spec/index.ts";
import { saveTokenizer, trainTokenizer } from "../src/tokenizer/index.ts";
import { median, setting } from "./fresh.ts";

const { values: options } = parseArgs({
  options: {
    model: { type: "string", default: "MobileLLM-1.5B" },
    dir: { type: "string" },
    rounds: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
    /** Internal: convert or load this directory in this process. */
    measure: { type: "string" },
    how: { type: "string" },
  },
});

if (options.measure !== undefined) console.log(JSON.stringify(await measure(options.measure, options.how!)));
else await rounds();

async function measure(dir: string, how: string) {
  const start = performance.now();
  if (how === "convert") {
    const out = `${dir}-int4`;
    await convertModel(dir, out, { format: "int4" });
    rmSync(out, { recursive: true });
  } else {
    const backend = await createBackend();
    const decoder = await loadDecoder(backend, dir, { format: "int4" });
    const session = decoder.createSession();
    session.append([1]);
    await backend.close();
  }
  return { seconds: (performance.now() - start) / 1000, peakMB: process.resourceUsage().maxRSS / 1024 };
}

async function rounds(): Promise<void> {
  const dir = options.dir ?? join(mkdtempSync(join(tmpdir(), "handheld-convert-")), "model");
  try {
    if (!existsSync(dir)) await write(dir);
    const rows = ["convert", "load"].map((how) => {
      const results = Array.from({ length: Number(options.rounds) }, () => {
        const args = [import.meta.filename, "--measure", dir, "--how", how];
        const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
        if (stdout === "") throw new Error(stderr);
        return JSON.parse(stdout) as Awaited<ReturnType<typeof measure>>;
      });
      const seconds = results.map((result) => result.seconds).sort((a, b) => a - b);
      return { how, seconds, medianSeconds: median(seconds), peakMB: Math.max(...results.map(({ peakMB }) => peakMB)) };
    });
    const about = { ...setting(0, Number(options.rounds)), threads: "all threads", model: options.model };
    if (options.json) console.log(JSON.stringify({ ...about, rows }));
    else {
      console.log(Object.values(about).join(" · "));
      for (const { how, seconds, medianSeconds, peakMB } of rows) {
        const range = `${seconds[0]!.toFixed(1)} to ${seconds.at(-1)!.toFixed(1)}`;
        console.log(`${how.padEnd(8)} ${medianSeconds.toFixed(1)} s (${range}), peak ${peakMB.toFixed(0)} MB`);
      }
    }
  } finally {
    if (options.dir === undefined) rmSync(join(dir, ".."), { recursive: true, force: true });
  }
}

/** Random halves between 2⁻⁷ and 2⁻⁴ of either sign, in shards. */
async function write(dir: string): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const spec = preset(options.model);
  const shards: ReturnType<typeof tensorShapes>[] = [];
  let room = 0;
  for (const tensor of tensorShapes(spec)) {
    const bytes = 2 * tensor.shape.reduce((product, size) => product * size, 1);
    if (bytes > room) {
      shards.push([]);
      room = 1e9;
    }
    shards.at(-1)!.push(tensor);
    room -= bytes;
  }
  const weightMap: Record<string, string> = {};
  let state = 1;
  for (const [i, tensors] of shards.entries()) {
    const file = `model-${String(i + 1).padStart(5, "0")}-of-${String(shards.length).padStart(5, "0")}.safetensors`;
    for (const { name } of tensors) weightMap[name] = file;
    await saveSafetensors(
      join(dir, file),
      tensors.map(({ name, shape }) => ({
        name,
        dtype: "F16" as const,
        shape,
        data: () => {
          const words = new Uint32Array(Math.ceil(shape.reduce((product, size) => product * size, 1) / 2));
          for (let at = 0; at < words.length; at++) {
            state = (Math.imul(state, 1664525) + 1013904223) | 0;
            words[at] = (state & 0x8fff8fff) | 0x20002000;
          }
          return new Uint8Array(words.buffer, 0, 2 * shape.reduce((product, size) => product * size, 1));
        },
      })),
    );
  }
  writeFileSync(join(dir, shardIndexFile), JSON.stringify({ metadata: {}, weight_map: weightMap }));
  const tokenizer = trainTokenizer(["a small tokenizer, only so that there is one"], { vocabularySize: 300 });
  await saveTokenizer(tokenizer, dir);
  await writeModelConfig(dir, spec, "f16", {});
}
