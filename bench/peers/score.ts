// What llama.cpp thinks of a text: the cross-entropy of every token after the first of each window, in nats.
import { getLlama } from "node-llama-cpp";

/** Runs windows of ids through a GGUF file on the CPU. */
export async function llamaLosses(
  modelPath: string,
  windows: readonly number[][],
  { context, threads }: { context: number; threads: number },
): Promise<{ losses: number[]; about: string }> {
  const llama = await getLlama({ gpu: false, build: "never", maxThreads: threads, logLevel: "error" });
  const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
  const session = await model.createContext({
    contextSize: context,
    threads: { ideal: threads, min: threads },
    flashAttention: false,
  });
  const sequence = session.getSequence();
  const losses: number[] = [];
  for (const ids of windows) {
    await sequence.clearHistory();
    const input = ids.map((id, i): Parameters<typeof sequence.controlledEvaluate>[0][number] => {
      if (i + 1 === ids.length) return id;
      return [id, { generateNext: { probabilities: true } }];
    });
    const outputs = await sequence.controlledEvaluate(input);
    for (let i = 0; i + 1 < ids.length; i++) {
      losses.push(-Math.log(outputs[i]!.next.probabilities.get(ids[i + 1]!)!));
    }
  }
  const about = `llama.cpp ${llama.llamaCppRelease.release}`;
  await session.dispose();
  await model.dispose();
  await llama.dispose();
  return { losses, about };
}
