// A share as a bar within a line of a table, with a whisker for its standard error. The number itself stands beside it.
import { formatPercent } from "../format.ts";
import { type Html, html } from "./html.ts";

/** The bar of a share of 0..1; the whisker reaches one standard error to each side. */
export function meter(share: number, stderr: number | null = null): Html {
  const title = stderr === null ? formatPercent(share) : `${formatPercent(share)} ± ${(100 * stderr).toFixed(1)}`;
  return html`<span class="meter" aria-hidden="true" title="${title}"><i style="width:${percent(share)}"></i>${stderr !== null && stderr > 0 && whisker(share, stderr)}</span>`;
}

function whisker(share: number, stderr: number): Html {
  const [from, to] = [Math.max(0, share - stderr), Math.min(1, share + stderr)];
  return html`<b style="left:${percent(from)};width:${percent(to - from)}"></b>`;
}

function percent(share: number): string {
  return `${(100 * Math.min(1, Math.max(0, share))).toFixed(1)}%`;
}
