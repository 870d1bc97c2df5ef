// report.html of a run: one self-contained page. Gets plain data, gives text; whoever calls it writes the file.
import type { ReportData } from "./data.ts";
import { renderPage } from "./page.ts";
import {
  deviceSection,
  examplesSection,
  functionsSection,
  headerSection,
  runSection,
  searchSection,
  trainingSection,
} from "./sections.ts";

/**
 * Renders the page.
 *
 * @example
 * ```ts
 * await writeFileAtomic("runs/calls/report.html", renderReport(data));
 * ```
 */
export function renderReport(data: ReportData): string {
  return renderPage({
    title: `${data.name} · Handheld run`,
    date: data.date,
    header: headerSection(data),
    sections: [
      examplesSection(data.examples),
      trainingSection(data.training),
      functionsSection(data.functions),
      searchSection(data.search),
      deviceSection(data.device),
      runSection(data),
    ],
  });
}
