// The prompt of a call model: a query in, calls and their commands out; nothing runs without a yes.
import { answerQuery } from "../create/queries.ts";
import type { AnsweredQuery } from "../create/types.ts";
import { HandheldError } from "../errors.ts";
import { EXECUTORS } from "../functions/executors/index.ts";
import { loadCallModel } from "../generate/call-model.ts";
import { createBackend } from "../kernels/index.ts";
import { describeAnswer } from "./create-printer.ts";
import type { CommandIo } from "./io.ts";

/** How calls are carried out; `none` only shows them. */
export type ExecuteMode = "none" | "adb" | "termux";

/** Answers queries from the terminal (or standard input) until its end. */
export async function converse(
  dir: string,
  threads: number | undefined,
  mode: ExecuteMode,
  io: CommandIo,
): Promise<void> {
  const backend = await createBackend({ threads });
  try {
    const { caller } = await loadCallModel(backend, dir);
    for (;;) {
      const query = await io.ask(io.interactive ? "> " : "");
      if (query === null) return;
      if (query.trim() === "") continue;
      try {
        const answer = answerQuery(caller, query.trim());
        io.print(describeAnswer(answer));
        await offer(answer, mode, io);
      } catch (error) {
        // A query that is too long, or a phone that is not there, is no reason to end the conversation.
        if (!(error instanceof HandheldError) || error.code === "aborted") throw error;
        io.warn(error.message);
      }
    }
  } finally {
    await backend.close();
  }
}

/** Offers to run the calls of an answer; only at a terminal, and only what can be expressed. */
export async function offer({ calls, commands }: AnsweredQuery, mode: ExecuteMode, io: CommandIo): Promise<void> {
  if (mode === "none" || !io.interactive || calls.length === 0 || commands.some(({ command }) => command === null))
    return;
  await EXECUTORS[mode]!().execute(calls, {
    confirm: async (description) => /^y(es)?$/i.test(((await io.ask(`Run ${description} ? [y/N] `)) ?? "").trim()),
    signal: io.signal,
  });
}
