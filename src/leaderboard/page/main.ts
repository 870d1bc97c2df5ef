// The script of all pages. Data are in scripts beside it, not fetched: so the site also works from files.
import { html } from "../../report/html.ts";
import { type PackedSite, type SiteData, unpackSite } from "../data.ts";
import { type Details, unpackDetails } from "../details.ts";
import { startBoard } from "./board.ts";
import { showDevice } from "./device.ts";
import { showModel } from "./model.ts";
import { startTheme } from "./theme.ts";

declare global {
  /** What data.js and details.js leave. */
  var handheldSite: PackedSite;
  var handheldDetails: string;
}

const site = unpackSite(handheldSite);
const main = document.querySelector("main")!;
startTheme(document.querySelector<HTMLSelectElement>("#theme")!);

if (document.body.dataset.page === "index") startBoard(main, site);
else showOne(document.body.dataset.page as "model" | "device").finally(() => document.body.classList.add("ready"));

async function showOne(page: "model" | "device"): Promise<void> {
  const id = new URLSearchParams(location.search).get("id") ?? "";
  const found = (list: SiteData["models"] | SiteData["devices"]) => list.findIndex(({ slug }) => slug === id);
  const at = found(page === "model" ? site.models : site.devices);
  if (at < 0) {
    main.innerHTML = html`<header class="title"><h1>There is no such ${page}</h1>
<p class="lead">The site has none of the address “${id}”. <a href="index.html">All results</a></p></header>`.text;
    return;
  }
  document.title = `${(page === "model" ? site.models : site.devices)[at]!.name} · ${site.title}`;
  if (page === "model") showModel(main, site, await readDetails(), site.models[at]!);
  else showDevice(main, site, site.devices[at]!);
}

async function readDetails(): Promise<Details> {
  const bytes = Uint8Array.from(atob(handheldDetails), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return unpackDetails(await new Response(stream).json());
}
