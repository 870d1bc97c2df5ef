// Turns what somebody says into function calls, and shows the command that would run on an Android phone. Runs nothing.
//
//   node examples/call-from-code.ts [model directory] [query …]
//
// A model directory comes from `npx handheld create`; its int4 form is in runs/<name>/int4.
import { createAdbExecutor } from "handheld/functions";
import { loadCallModel } from "handheld/generate";
import { createBackend } from "handheld/kernels";

const [dir = "runs/calls/int4", ...words] = process.argv.slice(2);
const query = words.join(" ") || "wake me up at 8";

const backend = await createBackend();
const { caller } = await loadCallModel(backend, dir);
const { calls, tokens, prefillMs, decodeMs } = caller.call(query);

// Each call is a name and arguments that are valid by the model's schemas: hand them to your own functions here.
for (const call of calls) {
  console.log(`${call.name} ${JSON.stringify(call.arguments)}`);
  try {
    console.log(`  ${createAdbExecutor().describe(call)}`);
  } catch (error) {
    console.log(`  no Android command: ${(error as Error).message}`);
  }
}
console.log(`${tokens} tokens in ${(prefillMs + decodeMs).toFixed(1)} ms`);
await backend.close();
