// The frame of a report: one self-contained page with its style, its script and a policy that lets nothing else in.
import { Html, html } from "./html.ts";
import { reportScript } from "./script.ts";
import { reportStyle } from "./style.ts";

// Nothing may be loaded from anywhere, even if markup got in.
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** What a page holds. `date` is ISO 8601. */
export interface Page {
  title: string;
  date: string;
  header: Html;
  sections: readonly (Html | null)[];
}

/** The page's text. */
export function renderPage({ title, date, header, sections }: Page): string {
  return html`${new Html("<!doctype html>")}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${title}</title>
<style>${new Html(reportStyle)}</style>
</head>
<body>
${header}
<main>
${sections.map((section) => section !== null && html`${section}\n`)}
</main>
<footer><p>Made by handheld on <time datetime="${date}">${date.slice(0, 16).replace("T", " ")}</time> UTC.</p></footer>
<script>${new Html(reportScript)}</script>
</body>
</html>
`.text;
}

/** A part of the page under a heading. */
export function section(id: string, title: string, body: Html): Html {
  return html`<section aria-labelledby="${id}-heading"><h2 id="${id}-heading">${title}</h2>${body}</section>`;
}

/** A table in a box of its own that scrolls; the box takes the focus so that the keyboard can scroll it too. */
export function table(name: string, heads: Html | Html[], rows: Html[]): Html {
  return html`<div class="scroll" role="region" aria-label="Table: ${name}" tabindex="0"><table><caption class="hidden">${name}</caption>
<thead><tr>${heads}</tr></thead><tbody>${rows}</tbody></table></div>`;
}
