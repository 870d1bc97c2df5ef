// One command in the phone's own shell, whatever version of adb's protocol it speaks.
import type { Adb } from "@yume-chan/adb";

/** Runs a command to its end: what it printed on both outputs, and whether it says that it failed (old phones never do). */
export async function runShell({ subprocess }: Adb, command: string): Promise<{ text: string; failed: boolean }> {
  const shell = subprocess.shellProtocol?.isSupported ? subprocess.shellProtocol : subprocess.noneProtocol;
  // As one word: the library would take it apart at its spaces and forget the repeated ones.
  const outcome = await shell.spawnWaitText([command]);
  if (typeof outcome === "string") return { text: outcome, failed: false };
  return { text: `${outcome.stdout}\n${outcome.stderr}`, failed: outcome.exitCode !== 0 };
}
