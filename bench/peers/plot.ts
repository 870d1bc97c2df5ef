// The results as one SVG that stands alone: a row of panels per place and shape, a panel per figure, a bar per engine.
// Each panel has its own scale from 0, so that bars of one panel compare.
import { formatRate } from "../../src/format.ts";
import type { Place } from "./engines/registry.ts";
import { type Entry, entriesOf, figuresOf, type Results } from "./results.ts";
import { figureTitle, placeTitles } from "./table.ts";

const panel = { width: 250, gap: 18, barHeight: 13, barStep: 30, title: 22 } as const;
const margin = 20;
// Room for the number behind the longest bar.
const numberWidth = 62;

const style = `
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #16181d; }
.head { font-size: 15px; font-weight: 650; } .soft { fill: #5a6070; } .axis { stroke: #c9ced8; }
.ours { fill: #2166d6; } .peer { fill: #9aa3b2; } .aside { fill: none; stroke: #9aa3b2; }
@media (prefers-color-scheme: dark) {
  text { fill: #eceef2; } .soft { fill: #a2a9b8; } .axis { stroke: #3a404c; }
  .ours { fill: #6ca3ff; } .peer { fill: #6b7382; } .aside { stroke: #6b7382; }
}`;

/** The drawing. */
export function renderPlot(results: Results): string {
  const figures = figuresOf(results.options);
  const shapes = [...new Set(results.runs.map(({ shape }) => shape))];
  const parts: string[] = [];
  let y = margin;
  for (const place of ["node", "chromium"] as const satisfies readonly Place[]) {
    for (const shape of shapes) {
      const cells = figures.map((figure) => entriesOf(results, shape, place, figure));
      const most = Math.max(...cells.map((entries) => entries.length));
      if (most === 0) continue;
      parts.push(label(margin, y + 14, `${shape}, ${placeTitles[place]}`, "head"));
      cells.forEach((entries, i) => {
        const x = margin + i * (panel.width + panel.gap);
        parts.push(drawPanel(`${figureTitle(figures[i]!)}, tok/s`, entries, x, y + 28));
      });
      y += 28 + panel.title + most * panel.barStep + 16;
    }
  }
  const width = 2 * margin + figures.length * (panel.width + panel.gap) - panel.gap;
  const title = `Tokens per second of Handheld and its peers, ${results.threads} threads`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img" aria-label="${title}">
<title>${title}</title><style>${style}</style>
${parts.join("\n")}
</svg>
`;
}

function drawPanel(title: string, entries: readonly Entry[], x: number, y: number): string {
  const most = Math.max(...entries.map(({ speed }) => speed.median));
  const length = (value: number) => round((value / most) * (panel.width - numberWidth));
  const bars = entries.map(({ engine, speed }, i) => {
    const top = y + panel.title + i * panel.barStep;
    const width = length(speed.median);
    return [
      label(x + 1, top + 9, engine.title, "soft"),
      `<rect class="${engine.role}" x="${x}" y="${top + 13}" width="${width}" height="${panel.barHeight}" rx="2"/>`,
      label(round(x + width + 6), top + 24, formatRate(speed.median), ""),
    ].join("");
  });
  const bottom = y + panel.title + entries.length * panel.barStep;
  const axis = `<line class="axis" x1="${x}" x2="${x}" y1="${y + panel.title - 4}" y2="${bottom}"/>`;
  return [label(x, y + 10, title, ""), entries.length > 0 ? axis : "", ...bars].join("\n");
}

function label(x: number, y: number, text: string, kind: string): string {
  const safe = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}"${kind === "" ? "" : ` class="${kind}"`}>${safe}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
