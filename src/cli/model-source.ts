// The model that a command line names, as a path: a directory or file as it is, hub:org/name from the cache or the hub,
// with the progress of a pull on the screen.
import { formatBytes, formatDuration } from "../format.ts";
import type { PullEvent } from "../hub/index.ts";
import type { CommandIo } from "./io.ts";
import type { Progress } from "./progress.ts";

/** The help of an argument that takes a model. */
export const modelHelp = "model directory, or hub:org/name[@revision]";

/**
 * The path of a model, pulled where it is not there yet.
 *
 * @throws HubError, HandheldError `io`, `invalid-option` or `aborted`
 */
export async function locateModel(model: string, io: CommandIo): Promise<string> {
  if (!model.startsWith("hub:")) return model; // without loading what talks to hubs
  const { resolveModel } = await import("../hub/index.ts");
  const show = showPull(`Pulling ${model}`, io);
  const path = await resolveModel(model, { signal: io.signal, onEvent: show.event });
  show.finish();
  return path;
}

/** Shows the events of a pull; nothing where all was in the cache. */
export function showPull(title: string, io: CommandIo): { event: (event: PullEvent) => void; finish: () => void } {
  let progress: Progress | null = null;
  const begin = (start: number, total: number) => io.progress(title, { total, start, unit: "MB" });
  const event = (event: PullEvent) => {
    if (event.type === "waiting") io.warn("another process is pulling this model; waiting for it");
    else if (event.type === "retry") {
      io.warn(`${event.what}: ${event.reason}; trying again in ${formatDuration(event.waitMs / 1000)}`);
    } else if (event.type === "progress" && (progress !== null || event.doneBytes < event.totalBytes)) {
      const [done, total] = [megabytes(event.doneBytes), megabytes(event.totalBytes)];
      progress ??= begin(done, total);
      progress.update(done, `${formatBytes(event.bytesPerSecond)}/s`);
    }
  };
  return { event, finish: () => progress?.finish() };
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e5) / 10;
}
