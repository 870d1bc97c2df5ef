// The page's worker: runs the jobs, so that the page stays responsive and can go on talking while they compute.
import { createJobHost } from "../host.ts";
import { findJob } from "../jobs.ts";
import { type Command, commandSchema, type Reply } from "../messages.ts";

/** Worker → page: replies for the other end, and what the page shows. */
export type FromWorker =
  | { type: "reply"; reply: Reply }
  /** A job has begun; its name in words. */
  | { type: "began"; title: string }
  /** A job has ended, with its result in a few lines or its error. */
  | { type: "ended"; lines: [label: string, value: string][] | null; problem: string | null };

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Command>) => void;
  postMessage(message: FromWorker): void;
};
const names = new Map<number, string>();

const host = createJobHost({
  send(reply) {
    if (reply.type === "result") show(reply.id, reply.value, null);
    if (reply.type === "error") show(reply.id, null, reply.error.message);
    scope.postMessage({ type: "reply", reply });
  },
});

scope.onmessage = ({ data }) => {
  const command = commandSchema.parse(data);
  if (command.type === "run") {
    names.set(command.id, command.job);
    scope.postMessage({ type: "began", title: titleOf(command.job) });
  }
  host.receive(command);
};

function show(id: number, value: unknown, problem: string | null): void {
  const lines = problem === null ? findJob(names.get(id)!).summary(value) : null;
  scope.postMessage({ type: "ended", lines, problem });
}

// A job that there is not is answered with an error by the host.
function titleOf(job: string): string {
  try {
    return findJob(job).title;
  } catch {
    return job;
  }
}
