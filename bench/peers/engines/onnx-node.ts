// ONNX Runtime in Node. Twice: timed from outside, as its users meet it, and by its own profile, which counts only the
// time inside its kernels and leaves the binding out (which copies the cache in and out at every step).
import { readdir, readFile, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { OpenEngine } from "./engine.ts";
import { OnnxDecoder } from "./onnx-session.ts";

/** An event of the profile; times in microseconds. */
interface ProfileEvent {
  cat: string;
  name: string;
  ts: number;
  dur: number;
}

/** The engine, timed from outside or (`kernels`) by its profile. */
export function openOnnxNode(kernels: boolean): OpenEngine {
  return async ({ spec, model, threads }) => {
    const { InferenceSession, Tensor } = await import("onnxruntime-node");
    const profile = `${model}.profile-${process.pid}`;
    const session = await InferenceSession.create(model, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: "all",
      ...(kernels ? { enableProfiling: true, profileFilePrefix: profile } : {}),
    });
    const decoder = new OnnxDecoder(session, Tensor, spec);
    return {
      about: `${threads} threads, ${kernels ? "time inside the kernels, by its profile" : "through the JavaScript binding"}`,
      run: (tokens, decode) => decoder.run(tokens, decode),
      async close() {
        if (kernels) {
          session.endProfiling();
          fillInKernelTimes(decoder, await readProfile(profile));
        }
        await session.release();
      },
    };
  };
}

async function readProfile(prefix: string): Promise<ProfileEvent[]> {
  const folder = dirname(prefix);
  const names = (await readdir(folder)).filter((name) => name.startsWith(basename(prefix)));
  const path = join(folder, names[0] ?? basename(prefix));
  const events: ProfileEvent[] = JSON.parse(await readFile(path, "utf8"));
  await rm(path);
  return events;
}

// Every call of the session is one "model_run" event; the kernels that ran within its time are its own.
function fillInKernelTimes({ calls }: OnnxDecoder, events: readonly ProfileEvent[]): void {
  const runs = events.filter(({ cat, name }) => cat === "Session" && name === "model_run").sort((a, b) => a.ts - b.ts);
  if (runs.length !== calls.length) {
    throw new Error(`the profile of ONNX Runtime has ${runs.length} runs instead of ${calls.length}: it was cut off`);
  }
  for (const { times } of calls) times.prefillMs = times.decodeMs = 0;
  let at = 0;
  const kernels = events.filter(({ cat, name }) => cat === "Node" && name.endsWith("_kernel_time"));
  for (const { ts, dur } of kernels.sort((a, b) => a.ts - b.ts)) {
    while (at + 1 < runs.length && ts >= runs[at + 1]!.ts) at++;
    const { times, part } = calls[at]!;
    times[part] += dur / 1000;
  }
}
