// The phone's page: joins by the link's token, lets a worker run the jobs it is told to, shows how they go, and hands over
// what comes out.
import type { Command } from "../messages.ts";
import { type Link, openLink, type PageFacts } from "./link.ts";
import { hasWakeLock, watchScreen } from "./screen.ts";
import { view } from "./view.ts";
import type { FromWorker } from "./worker.ts";

const facts: PageFacts = {
  userAgent: navigator.userAgent.slice(0, 1000),
  secure: isSecureContext,
  isolated: crossOriginIsolated,
  wakeLock: hasWakeLock,
  cores: navigator.hardwareConcurrency ?? 1,
};
const token = /^#([0-9a-f]{32})$/.exec(location.hash)?.[1] ?? null;
history.replaceState(null, "", location.pathname); // a link that is used up should not be bookmarked

/** The job that runs, as far as the page needs to know. */
let running: { id: number; startedMs: number } | null = null;
let worker: Worker | null = null;
let greeted = false;
let finished = false;

const screen = watchScreen({
  onReturn(hiddenMs) {
    link.hurry();
    const seconds = Math.round(hiddenMs / 1000);
    if (running && seconds > 0)
      link.send({ type: "note", text: `the page was hidden, or the screen off, for ${seconds} s` });
  },
});

const link: Link = openLink({
  token,
  page: facts,
  onCommand: obey,
  onConnection(connected, waiting) {
    if (finished) return;
    const rest = waiting > 0 && running === null ? " The result is kept until then." : "";
    view.status(connected ? idleStatus() : `Connection lost; trying again by itself.${rest}`);
    if (connected && !greeted) view.title("Connected");
    greeted ||= connected;
  },
  onEnd: (reason) => end("Not connected", reason),
});
addEventListener("online", () => link.hurry());
describeDevice();

function obey(command: Command): void {
  if (command.type === "close") {
    end("Done", command.reason);
    return;
  }
  if (command.type === "run") {
    running = { id: command.id, startedMs: performance.now() };
    screen.keepOn();
  }
  worker ??= startWorker();
  worker.postMessage(command);
}

function startWorker(): Worker {
  const started = new Worker("job-worker.js", { type: "module", name: "handheld" });
  started.onmessage = ({ data }: MessageEvent<FromWorker>) => hear(data);
  started.onerror = (event) => {
    event.preventDefault();
    const message = `the page's worker failed: ${event.message || "its script could not be loaded"}`;
    if (running)
      link.send({ type: "error", id: running.id, error: { code: "kernel", message: message.slice(0, 2000) } });
    settle(message);
    started.terminate();
    worker = null; // the next job gets a fresh one
  };
  return started;
}

function hear(message: FromWorker): void {
  if (message.type === "began") {
    view.title(message.title);
    view.problem(null);
    view.progress({ done: 0, total: null, note: "", elapsedMs: 0 });
  } else if (message.type === "ended") {
    if (message.lines !== null) view.result(message.lines);
    settle(message.problem);
  } else {
    const { reply } = message;
    if (reply.type === "progress" && running) {
      view.progress({ ...reply, elapsedMs: performance.now() - running.startedMs });
    }
    link.send(reply);
  }
}

/** A job has ended. */
function settle(problem: string | null): void {
  running = null;
  screen.letGo();
  view.progress(null);
  view.title(problem === null ? "Measured" : "Stopped");
  view.problem(problem);
  view.status(idleStatus());
}

function end(title: string, reason: string): void {
  if (finished) return;
  finished = true;
  link.end();
  worker?.terminate();
  screen.letGo();
  view.progress(null);
  view.title(title);
  view.status(`${reason[0]!.toUpperCase()}${reason.slice(1)}.`);
}

function idleStatus(): string {
  return running ? "Keep this page in front until it is done." : "Waiting for the computer.";
}

function describeDevice(): void {
  const { secure, isolated, wakeLock, cores } = facts;
  const threads = isolated ? Math.min(8, cores) : 1;
  view.about(`${cores} ${cores === 1 ? "core" : "cores"}, ${threads} ${threads === 1 ? "thread" : "threads"}`);
  const hints: string[] = [];
  if (!isolated && cores > 1) {
    hints.push(
      secure
        ? "One thread only: this browser does not isolate the page, so threads cannot share memory."
        : "One thread only: over plain http a page on the network is no secure context. Start with --https for all cores.",
    );
  }
  if (!wakeLock) hints.push("This page cannot keep the screen on: touch it now and then until the job is done.");
  view.hints(hints);
}
