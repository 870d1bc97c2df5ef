// The part of a search's report that shows what proxies were trained, and how well they learned.
import { formatCount } from "../../format.ts";
import type { ProxyResult } from "../../search/index.ts";
import { countParameters } from "../../spec/arithmetic.ts";
import { type Html, html } from "../html.ts";
import { section, table } from "../page.ts";
import { shapeText } from "./charts.ts";

/** The proxies, best first; null where none were trained. */
export function proxySection(proxy: ProxyResult | null): Html | null {
  if (proxy === null) return null;
  const { rungTokens, candidates, where } = proxy;
  const heads = [
    "stands for",
    "trained",
    "parameters",
    ...rungTokens.map((tokens) => `loss at ${formatCount(tokens)}`),
  ];
  const rank = (losses: readonly (number | null)[]) => -100 * losses.length + (losses.at(-1) ?? 99);
  const rows = candidates
    .toSorted((a, b) => rank(a.losses) - rank(b.losses))
    .map(({ target, proxy, losses }) => {
      const cells = rungTokens.map((_, rung) => {
        const loss = losses[rung];
        return loss === undefined ? "" : loss === null ? "diverged" : loss.toFixed(3);
      });
      const own = [shapeText(proxy), formatCount(countParameters(proxy).total), ...cells];
      return html`<tr><th scope="row" class="shape">${shapeText(target)}</th>${own.map((cell) => html`<td>${cell}</td>`)}</tr>`;
    });
  const columns = heads.map((head) => html`<th scope="col">${head}</th>`);
  return section(
    "proxies",
    "Trained proxies",
    html`<p class="note">Small models that stand for candidates, trained on ${where} with equal tokens; the better half of each
rung went on to the next (successive halving). Their held-out losses, nats per token, are part of the predicted quality.</p>
${table("Trained proxies", columns, rows)}`,
  );
}
