// Writes fixtures/machines.json, what machines.test.ts holds every machine to: the integer arithmetic of the reference
// backend, the rest from this machine's fastest backend. Run after `npm run build`: npx node test/parity/machines.ts
import { writeFileSync } from "node:fs";
import { createBackend, createReferenceBackend } from "../../src/kernels/index.ts";
import { greedyTokens, integerDigests, trainingStep } from "./machines.case.ts";

// Backends may differ by a code of an activation or of the KV cache, which moves logits by about 0.1 % of their range.
const smallestMargin = 0.01;

const backend = await createBackend({ threads: 1 });
const { tokens, margin } = greedyTokens(backend);
if (margin < smallestMargin) throw new Error(`the closest choice has a margin of ${margin}; take another seed`);
const { gradients, ...losses } = trainingStep(backend);
await backend.close();

const bytes = (floats: Float32Array) => Buffer.from(floats.buffer).toString("base64");
const fixture = {
  digests: integerDigests(createReferenceBackend()),
  tokens,
  losses,
  gradients: Object.fromEntries(Object.entries(gradients).map(([name, values]) => [name, bytes(values)])),
};
const path = new URL("./fixtures/machines.json", import.meta.url);
writeFileSync(path, `${JSON.stringify(fixture, null, 1)}\n`);
console.log(`${path.pathname}: ${new Set(tokens).size} different tokens, closest margin ${margin.toFixed(3)}`);
