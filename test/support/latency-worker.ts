// Runs in a worker of a page: calibrates and verifies as it is told, and posts progress and the results.
import { createBackend } from "../../src/kernels/index.ts";
import { calibrateDevice } from "../../src/search/latency/calibrate.ts";
import { createPredictor } from "../../src/search/latency/predictor.ts";
import { untilSteady } from "../../src/search/latency/until-steady.ts";
import { verifyCandidates } from "../../src/search/latency/verify.ts";
import type { LatencyTask, WorkerMessage } from "./browser-latency.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<LatencyTask>) => void;
  postMessage(message: WorkerMessage): void;
};

scope.onmessage = ({ data }) => {
  run(data).then(
    (result) => scope.postMessage({ type: "done", ...result }),
    (error: Error) => scope.postMessage({ type: "failed", message: error.message }),
  );
};

async function run({ threads, calibration, specs, verification }: LatencyTask) {
  const backend = await createBackend({ threads });
  try {
    const onProgress = (done: number, what: string) => scope.postMessage({ type: "progress", what, done });
    const profile = await untilSteady(() => calibrateDevice(backend, { ...calibration, onProgress }));
    const predictor = createPredictor(profile);
    const results = await verifyCandidates(backend, specs, {
      ...verification,
      predictor,
      onProgress: (done, total) => onProgress(done / total, "verification"),
    });
    return { profile, results };
  } finally {
    await backend.close();
  }
}
