// What the page shows: a title, how far the job is, the result, and what the reader can do better.
import { formatDuration } from "../../format.ts";

const element = (id: string) => document.getElementById(id)!;

function show(id: string, text: string | null): void {
  element(id).hidden = text === null;
  element(id).textContent = text ?? "";
}

/** The page's text. */
export const view = {
  /** What this device is. */
  about: (text: string) => show("about", text),
  title: (text: string) => show("title", text),
  status: (text: string) => show("status", text),
  problem: (text: string | null) => show("problem", text),

  /** How far it is; null hides the bar. `elapsedMs` since the job began. */
  progress(state: { done: number; total: number | null; note: string; elapsedMs: number } | null): void {
    element("progress").hidden = state === null;
    if (state === null) return;
    const { done, total, note, elapsedMs } = state;
    const bar = element("bar") as HTMLProgressElement;
    if (total === null || total === 0) bar.removeAttribute("value");
    else {
      bar.max = total;
      bar.value = done;
    }
    const known = total !== null && total > 0;
    element("share").textContent = known ? `${Math.floor((100 * done) / total)} %` : "";
    const leftSeconds = known && done > 0 ? (elapsedMs / 1000 / done) * (total - done) : null;
    element("left").textContent = leftSeconds === null ? "" : `${formatDuration(Math.round(leftSeconds))} left`;
    element("note").textContent = note;
  },

  result(lines: readonly [label: string, value: string][]): void {
    element("result").hidden = false;
    element("lines").replaceChildren(
      ...lines.flatMap(([label, value]) => [textElement("dt", label), textElement("dd", value)]),
    );
  },

  /** What limits the numbers, or the reader should do. */
  hints(hints: readonly string[]): void {
    element("advice").hidden = hints.length === 0;
    element("hints").replaceChildren(...hints.map((hint) => textElement("li", hint)));
  },
};

function textElement(tag: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
