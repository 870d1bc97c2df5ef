// The page of a device: what it is, and all that was measured on it.
import { formatBytes, formatRate } from "../../format.ts";
import { type Html, html } from "../../report/html.ts";
import type { SiteData, SiteDevice } from "../data.ts";
import { startBoard } from "./board.ts";
import { boardFrame } from "./frame.ts";
import { defaultView, type Line, linesOf, select } from "./view.ts";

const without = ["device"] as const;

const transports: Readonly<Record<string, string>> = {
  local: "the machine itself",
  phone: "a browser on a phone",
  ssh: "over ssh",
  adb: "over adb",
};

/** Draws the page of a device into `main`. */
export function showDevice(main: Element, site: SiteData, device: SiteDevice): void {
  const lines = linesOf(site).filter((line) => line.device === device);
  const own = { ...site, rows: lines.map(({ row }) => row) };
  const view = defaultView(own);
  main.innerHTML = html`${header(device, lines)}
${boardFrame(own, view, { page: "device", shown: select(lines, view), without })}`.text;
  startBoard(main, own, { lines, without });
}

function header(
  { name, transport, platform, cpu, cores, memoryBytes, runtime }: SiteDevice,
  lines: readonly Line[],
): Html {
  const facts: [string, string | null][] = [
    ["processor", cpu],
    ["cores", cores === null ? null : String(cores)],
    ["memory", memoryBytes === null ? null : formatBytes(memoryBytes)],
    ["platform", platform],
    ["engine", runtime],
    ["reached as", transport === null ? null : (transports[transport] ?? transport)],
  ];
  const models = new Set(lines.map(({ model }) => model)).size;
  const rows = `${formatRate(lines.length)} ${lines.length === 1 ? "row" : "rows"}`;
  const lead =
    transport === null
      ? `${rows}, from papers.`
      : `${rows} of ${models} ${models === 1 ? "model" : "models"} measured on it.`;
  return html`<header class="title"><h1>${name}</h1><p class="lead">${lead}</p>
<dl class="facts">${facts.map(([term, value]) => value !== null && html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl></header>`;
}
