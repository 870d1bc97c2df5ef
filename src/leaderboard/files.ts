// The site's files, as text: three pages, two data files, a script and a style. Always the same seven, however many models
// and devices there are, so that a site of thousands of records stays small and a new build leaves nothing old behind.
import { gzipSync } from "node:zlib";
import { formatRate } from "../format.ts";
import { Html, html } from "../report/html.ts";
import { componentStyle } from "../report/style.ts";
import { packSite, type SiteData } from "./data.ts";
import { type Details, packDetails } from "./details.ts";
import { boardFrame, sourcesSection } from "./page/frame.ts";
import { earlyTheme } from "./page/theme.ts";
import { defaultView, linesOf, select } from "./page/view.ts";

/** What the pages load, as the package has it. */
export interface PageAssets {
  /** The script of src/leaderboard/page, bundled. */
  script: string;
  /** The site's own style. */
  style: string;
}

/** Says in index.html that a folder is a site of ours, which a new build may replace. */
export const generator = "handheld leaderboard";

/** Names and contents of the files. */
export function siteFiles(site: SiteData, details: Details, { script, style }: PageAssets): Map<string, string> {
  const pages = { index: indexMain(site), model: emptyMain("model"), device: emptyMain("device") };
  return new Map([
    ...Object.entries(pages).map(
      ([name, main]) => [`${name}.html`, page(site, name as keyof typeof pages, main)] as const,
    ),
    ["data.js", dataScript("handheldSite", packSite(site))],
    ["details.js", packedScript("handheldDetails", packDetails(details))],
    ["page.js", script],
    ["style.css", `${componentStyle}${style}`],
  ]);
}

// A string that is parsed as JSON: faster than as a script's own objects, and nothing in it can be code.
function dataScript(name: string, value: unknown): string {
  const text = JSON.stringify(value).replace(/[\\']/g, "\\$&");
  return `globalThis.${name}=JSON.parse('${text}');\n`;
}

// What only a model's page needs is most of the site: packed, it is a third. The page unpacks it by itself, so that it needs
// no host that would.
function packedScript(name: string, value: unknown): string {
  return `globalThis.${name}="${gzipSync(JSON.stringify(value), { level: 9 }).toString("base64")}";\n`;
}

// Pages load nothing but their own files, and send nothing; file: addresses have no origin that a stricter rule could name.
const policy =
  "connect-src 'none'; img-src 'none'; object-src 'none'; frame-src 'none'; base-uri 'none'; form-action 'none'";

// Nothing is drawn before the footer is there: half of a line of controls would move when its other half comes.
function page(site: SiteData, name: "index" | "model" | "device", main: Html): string {
  const { title, builtAt } = site;
  const data = name === "model" ? ["data.js", "details.js"] : ["data.js"];
  return html`${new Html("<!doctype html>")}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="${generator}">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${name === "index" ? title : `${name === "model" ? "Model" : "Device"} · ${title}`}</title>
<script>${new Html(earlyTheme)}</script>
<link rel="stylesheet" href="style.css">
<link rel="expect" href="#made" blocking="render">
</head>
<body data-page="${name}"${name === "index" && html` class="ready"`}>
<a class="skip" href="#main">Skip to the content</a>
<nav class="top" aria-label="Site">${name === "index" ? html`<span class="brand">Handheld</span>` : html`<a class="brand" href="index.html">← ${title}</a>`}<label>Colors <select id="theme"><option value="system">as the system</option><option value="light">light</option><option value="dark">dark</option></select></label></nav>
<main id="main" tabindex="-1">
${main}
</main>
<footer id="made"><p>Made by handheld on <time datetime="${builtAt}">${builtAt.slice(0, 16).replace("T", " ")}</time> UTC.</p></footer>
${[...data, "page.js"].map((file) => html`<script src="${file}"></script>\n`)}</body>
</html>
`.text;
}

function emptyMain(name: "model" | "device"): Html {
  return html`<noscript><p class="lead">The page of a ${name} needs JavaScript; <a href="index.html">the first rows of all results</a> do not.</p></noscript>`;
}

/** The first page, with its first rows: it says something before the script runs, and without it. */
function indexMain(site: SiteData): Html {
  const view = defaultView(site);
  const shown = select(linesOf(site), view);
  return html`<header class="title"><h1>${site.title}</h1><p class="lead">What small language models can do, and what that costs on real devices.</p>
<p class="soft">${counts(site)}</p></header>
<noscript><p class="note">Sorting, filters and charts need JavaScript; the first rows of the table do not.</p></noscript>
${boardFrame(site, view, { page: "index", shown, without: [] })}
${devicesSection(site)}
${site.sources.length > 0 && sourcesSection(site)}`;
}

function counts({ rows, models, devices, sources }: SiteData): string {
  const measured = rows.filter(({ kind }) => kind === "measured");
  const runs = new Set(measured.map(({ run }) => run)).size;
  const newest = measured[0]?.date;
  const owned = devices.filter(({ transport }) => transport !== null).length;
  const count = (number: number, one: string, many = `${one}s`) => `${formatRate(number)} ${number === 1 ? one : many}`;
  return [
    `${count(runs, "run")} measured on ${count(owned, "device")}`,
    `${count(rows.length - measured.length, "row")} of ${count(sources.length, "published table")}`,
    count(models.length, "model"),
    ...(newest ? [`last run ${newest}`] : []),
  ].join(" · ");
}

function devicesSection({ devices, rows }: SiteData): Html | null {
  const own = devices.flatMap((device, at) => {
    if (device.transport === null) return [];
    const results = rows.filter((row) => row.device === at).length;
    const about = [device.cpu, `${device.cores} cores`, `${formatRate(results)} ${results === 1 ? "row" : "rows"}`];
    return [
      html`<li><a href="device.html?id=${device.slug}">${device.name}</a><span>${about.filter(Boolean).join(" · ")}</span></li>`,
    ];
  });
  if (own.length === 0) return null;
  return html`<section aria-labelledby="devices"><h2 id="devices">Devices</h2><ul class="sources">${own}</ul></section>`;
}
