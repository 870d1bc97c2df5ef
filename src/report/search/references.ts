// The part of a search's report that shows what papers measured on phones, beside what is predicted here of the same shapes.
import { formatCount, formatRate } from "../../format.ts";
import type { Finding } from "../../search/index.ts";
import { type Html, html } from "../html.ts";
import { section, table } from "../page.ts";

/** Published speeds of about the size; null where there are none. */
export function referenceSection({ references, device }: Finding): Html | null {
  if (references.length === 0) return null;
  const heads = [
    "model",
    "parameters",
    "prefill there",
    "predicted here",
    "decode there",
    "predicted here",
    "published",
  ];
  const rate = (value: number | null) => (value === null ? "–" : formatRate(value));
  const rows = references.map((one) => {
    const { prefillTokensPerSecond, decodeTokensPerSecond } = one.here.speed;
    const numbers = [
      formatCount(one.parameters),
      rate(one.prefillTokensPerSecond),
      formatRate(prefillTokensPerSecond.value),
      rate(one.decodeTokensPerSecond),
      formatRate(decodeTokensPerSecond.value),
    ];
    const where = `${one.source}; ${one.device}; ${one.engine}`;
    return html`<tr><th scope="row" class="shape">${one.name}</th>${numbers.map((cell) => html`<td>${cell}</td>`)}<td class="left prose">${where}</td></tr>`;
  });
  const columns = heads.map((head, i) => {
    return html`<th scope="col"${(i === 0 || i === heads.length - 1) && html` class="left"`}>${head}</th>`;
  });
  return section(
    "references",
    "Published on phones",
    html`<p class="note">For reference alone: tokens per second as papers publish them, by other engines and in other number formats, at
lengths of their own. Nothing here is predicted or chosen by them; beside each stands what ${device.name} is predicted to reach with
the same shape.</p>
${table("Published speeds on phones", columns, rows)}`,
  );
}
