// report.html of a run: one self-contained page. Gets plain data, gives text; whoever calls it writes the file.
import type { ReportData } from "./data.ts";
import { Html, html } from "./html.ts";
import { reportScript } from "./script.ts";
import {
  deviceSection,
  examplesSection,
  functionsSection,
  headerSection,
  runSection,
  searchSection,
  trainingSection,
} from "./sections.ts";
import { reportStyle } from "./style.ts";

// Nothing may be loaded from anywhere, even if markup got in.
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * Renders the page.
 *
 * @example
 * ```ts
 * await writeFileAtomic("runs/calls/report.html", renderReport(data));
 * ```
 */
export function renderReport(data: ReportData): string {
  return html`${new Html("<!doctype html>")}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${data.name} · Handheld run</title>
<style>${new Html(reportStyle)}</style>
</head>
<body>
${headerSection(data)}
<main>
${examplesSection(data.examples)}
${trainingSection(data.training)}
${functionsSection(data.functions)}
${searchSection(data.search)}
${deviceSection(data.device)}
${runSection(data)}
</main>
<footer><p>Made by handheld on <time datetime="${data.date}">${data.date.slice(0, 16).replace("T", " ")}</time> UTC.</p></footer>
<script>${new Html(reportScript)}</script>
</body>
</html>
`.text;
}
