// What sessions cost: the second request with the same beginning (system prompt and tools), a clone, saving and
// restoring, and the memory of the process over 1,000 sessions that are created, used and dropped.
//
//   node bench/sessions.ts [--model PhoneLM-0.5B] [--shared 1000] [--new 30] [--sessions 1000] [--threads 2] [--json]
//
// Random int4 weights; times do not depend on their values.
import { parseArgs } from "node:util";
import { createBackend } from "../src/kernels/index.ts";
import { Decoder, PrefixCache, restoreSession, saveSession } from "../src/model/index.ts";
import { createRandom } from "../src/random.ts";
import { preset } from "../src/spec/index.ts";

const { values: options } = parseArgs({
  options: {
    model: { type: "string", default: "PhoneLM-0.5B" },
    shared: { type: "string", default: "1000" },
    new: { type: "string", default: "30" },
    sessions: { type: "string", default: "1000" },
    threads: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const spec = preset(options.model);
const backend = await createBackend({ threads: options.threads === undefined ? undefined : Number(options.threads) });
const decoder = Decoder.random(backend, spec, 1);
const random = createRandom(1);
const tokens = (count: number) => Array.from({ length: count }, () => random.below(spec.vocabulary));
const result: Record<string, number | string> = { model: options.model, threads: backend.threads };

function timed<T>(name: string, run: () => T): T {
  const start = performance.now();
  const value = run();
  result[name] = performance.now() - start;
  return value;
}

// Warm up, so that compiling the kernels is nobody's cost.
const warm = decoder.createSession();
warm.append(tokens(64));
warm.append(tokens(1));
warm.close();

const [system, fresh] = [tokens(Number(options.shared)), Number(options.new)];
const cache = new PrefixCache(decoder);
const serve = (name: string) => {
  const ids = [...system, ...tokens(fresh)];
  const session = timed(name, () => {
    const opened = cache.open(ids);
    opened.append(ids.slice(opened.length));
    return opened;
  });
  cache.keep(session);
};
serve("firstRequestMs");
serve("secondRequestMs");
serve("thirdRequestMs");
const alone = decoder.createSession();
timed("newTokensAloneMs", () => alone.append(tokens(fresh)));
alone.close();

const session = cache.open([...system, 1]);
const clone = timed("cloneMs", () => session.clone());
const bytes = timed("saveMs", () => saveSession(clone));
timed("restoreMs", () => restoreSession(decoder, bytes)).close();
result.savedMB = bytes.length / 2 ** 20;
clone.close();
session.close();
cache.close();

// A first tenth brings the memory to what the busiest moment needs.
const count = Number(options.sessions);
const before = backend.allocatedBytes;
const live: ReturnType<typeof decoder.createSession>[] = [];
let early = 0;
for (let i = 0; i < count; i++) {
  if (live.length === 8) live.splice(random.below(8), 1)[0]!.close();
  const next = i % 3 === 2 ? live[random.below(live.length)]!.clone() : decoder.createSession();
  next.append(tokens(1 + random.below(4)));
  live.push(next);
  if (i === Math.floor(count / 10)) early = process.memoryUsage().rss;
}
for (const open of live.splice(0)) open.close();
const late = process.memoryUsage().rss;
result.sessions = count;
result.leftAllocatedBytes = backend.allocatedBytes - before;
result.rssAfterATenthMB = early / 2 ** 20;
result.rssAtTheEndMB = late / 2 ** 20;
result.rssGrowthPercent = 100 * (late / early - 1);
decoder.close();
await backend.close();

if (options.json) console.log(JSON.stringify(result));
else
  for (const [name, value] of Object.entries(result))
    console.log(`${name.padEnd(20)} ${typeof value === "number" ? +value.toFixed(2) : value}`);
