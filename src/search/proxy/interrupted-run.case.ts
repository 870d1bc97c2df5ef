// A run of proxies to be killed: prints a line per step. Usage: node interrupted-run.case.ts FOLDER
import { writeSync } from "node:fs";
import { createBackend } from "../../kernels/index.ts";
import { trainProxies } from "./proxies.ts";
import { sampleTargets, sampleText, tinySizes } from "./sample.case.ts";

const folder = process.argv[2]!;
const backend = await createBackend({ threads: 1 });
const result = await trainProxies({
  backend,
  targets: sampleTargets(),
  text: sampleText(),
  where: "sample",
  folder,
  minutes: 1,
  sizes: tinySizes,
  most: 3,
  onProgress: (done, total) => writeSync(1, `step ${done} ${total}\n`),
});
writeSync(1, `result ${JSON.stringify(result)}\n`);
await backend.close();
