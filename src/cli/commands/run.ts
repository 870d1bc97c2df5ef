// handheld run: talks to a model: calls from queries, a chat, or plain completion.
import { HandheldError } from "../../errors.ts";
import { type Action, defineFrame } from "../command.ts";
import type { CommandIo } from "../io.ts";
import { locateModel, modelHelp } from "../model-source.ts";
import { choice, integer, number, optional, required, text } from "../options.ts";
import { weightsOption } from "./shared.ts";

export const runFrame = defineFrame({
  name: "run",
  summary: "Run a model: turn queries into calls, chat, or complete a text",
  details:
    "Without a query it asks for one after the other on a terminal, and reads lines from standard input elsewhere.\n" +
    "A call is only ever carried out after a yes at the terminal.",
  arguments: {
    model: required("<model>", modelHelp),
    query: optional("[query...]", "what to say to it"),
  },
  options: {
    mode: choice(
      "--mode <mode>",
      "what to do; auto: calls if it was made for them, chat if it has a template, else complete",
      ["auto", "call", "chat", "complete"],
      "auto",
    ),
    execute: choice("--execute <how>", "how calls are carried out", ["none", "adb", "termux"], "none"),
    maxTokens: integer("--max-tokens <n>", "most tokens of an answer", { min: 1 }),
    temperature: number("--temperature <x>", "0 takes the most likely token", { min: 0, max: 10 }, 0),
    topK: integer("--top-k <n>", "sample among so many most likely tokens", { min: 1 }),
    topP: number("--top-p <x>", "sample among the tokens of this total probability", { min: 0, max: 1 }),
    minP: number("--min-p <x>", "least probability relative to the likeliest token", { min: 0, max: 1 }),
    repetitionPenalty: number("--repetition-penalty <x>", "above 1 makes repeated tokens less likely", {
      min: 0.1,
      max: 10,
    }),
    weights: weightsOption,
    stop: text("--stop <text>", "end the answer before this text"),
  },
  examples: [
    ['run runs/calls/int4 "wake me up at 8"', "print the call and the Android command"],
    ['run runs/calls/int4 "wake me up at 8" --execute adb', "also run it on the connected phone, after a yes"],
    [
      "run hub:HuggingFaceTB/SmolLM2-135M-Instruct --mode chat",
      "a model from the Hugging Face hub, pulled when needed",
    ],
    ["run runs/calls/int4", "ask for queries until Ctrl-D"],
    ['run my-model "Once upon a time" --mode complete --temperature 0.8', "go on with a text"],
  ],
});

export const runRun: Action<typeof runFrame> = async (given, io) => {
  const line = { ...given, model: await locateModel(given.model, io) };
  const { isCallModel } = await import("../../generate/call-model.ts");
  const isCall = await isCallModel(line.model);
  const mode = line.mode === "auto" && isCall ? "call" : line.mode;
  if (mode === "call" && !isCall) {
    throw new HandheldError(
      "unsupported",
      `${line.model} has no handheld.json: it was not made for calls; use --mode complete`,
    );
  }
  if (mode === "call") await runCalls(line, io);
  else await runText(line, mode, io);
};

type Line = Parameters<typeof runRun>[0];

async function runCalls(line: Line, io: CommandIo): Promise<void> {
  const { converse, offer } = await import("../converse.ts");
  if (line.query === undefined) return converse(line.model, line.threads, line.execute, io);
  const { answerQuery } = await import("../../create/queries.ts");
  const { describeAnswer } = await import("../create-printer.ts");
  const { loadCallModel } = await import("../../generate/call-model.ts");
  const { createBackend } = await import("../../kernels/index.ts");
  const backend = await createBackend({ threads: line.threads });
  try {
    const { caller } = await loadCallModel(backend, line.model);
    const answer = answerQuery(caller, line.query);
    io.print(describeAnswer(answer));
    io.result({ ...answer });
    await offer(answer, line.execute, io);
  } finally {
    await backend.close();
  }
}

async function runText(line: Line, mode: "auto" | "chat" | "complete", io: CommandIo): Promise<void> {
  const { createBackend } = await import("../../kernels/index.ts");
  const { loadModel } = await import("../../model/load.ts");
  const { complete } = await import("../complete.ts");
  const backend = await createBackend({ threads: line.threads });
  try {
    await complete(await loadModel(backend, line.model, { format: line.weights }), mode, line, io);
  } finally {
    await backend.close();
  }
}
