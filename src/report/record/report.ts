// The report of one evaluation: what was asked, of which model, on which device, what came out and what it cost. One
// self-contained page; gets a record, gives text.
import type { ResultRecord } from "../../results/record.ts";
import { renderPage } from "../page.ts";
import { breakdownSection, sustainedSection } from "./breakdown.ts";
import { callsSection } from "./calls.ts";
import { costSection } from "./cost.ts";
import { headerOf, notesSection, settingsSection, titleOf } from "./facts.ts";
import { needleSection } from "./needle.ts";
import { shotsSection } from "./shots.ts";
import { tasksSection } from "./tasks.ts";

/**
 * Renders the page.
 *
 * @example
 * ```ts
 * await writeFileAtomic("results/report.html", recordPage(record));
 * ```
 */
export function recordPage(record: ResultRecord): string {
  return renderPage({
    title: `${titleOf(record)} · Handheld evaluation`,
    date: record.createdAt,
    header: headerOf(record),
    sections: [
      tasksSection(record.tasks, record.config?.limit ?? null),
      shotsSection(record.tasks),
      needleSection(record.needle),
      callsSection(record.calls),
      costSection(record.cost),
      breakdownSection(record.cost),
      sustainedSection(record.cost?.sustained ?? null),
      settingsSection(record),
      notesSection(record),
    ],
  });
}
