// handheld leaderboard build: a static site from the records of a results folder.
import { suggest } from "../../errors.ts";
import { formatBytes } from "../../format.ts";
import { type Action, defineFrame } from "../command.ts";
import { flag, required, text, UsageError } from "../options.ts";
import { resultsFolder } from "./shared.ts";

export const leaderboardFrame = defineFrame({
  name: "leaderboard",
  summary: "Make a web site from results: what models can do, and what that costs",
  details:
    "leaderboard build reads the records of a results folder and writes seven files, which any static host serves and a\n" +
    "browser opens from the disk: a table to sort and filter, charts of capability against speed and memory and over release\n" +
    "dates, pages of each model and device. Figures from papers are rows of their own.\n\n" +
    "Files in the site's folder that are not its own stay; damaged records are set aside and told.",
  arguments: { action: required("<action>", "build") },
  options: {
    results: text("--results <folder>", "folder of the records", resultsFolder),
    out: text("--out <folder>", "folder of the site", "site"),
    title: text("--title <text>", "the site's title", "Small models on real devices"),
    published: flag("--no-published", "leave out the figures from papers"),
  },
  examples: [
    ["leaderboard build", "the records of runs/results as a site in site/"],
    ['leaderboard build --results ~/phones --out public --title "Our phones"', "another folder, place and title"],
    ["leaderboard build --no-published --json", "only what was measured here; what was written, as JSON"],
  ],
});

export const runLeaderboard: Action<typeof leaderboardFrame> = async (
  { action, results, out, title, published },
  io,
) => {
  if (action !== "build")
    throw new UsageError(`leaderboard takes "build", got "${action}"${suggest(action, ["build"])}`);
  const { createSite, publishedTables, readAssets, siteFiles, writeSite } = await import("../../leaderboard/index.ts");
  const { readRecords } = await import("../../results/index.ts");
  const { records, problems } = await readRecords(results);
  for (const { file, kind, reason } of problems) io.warn(`left out ${file} (${kind}): ${reason}`);
  const tables = published ? publishedTables : [];
  const { site, details } = createSite(records, tables, { title, builtAt: new Date().toISOString() });
  const files = siteFiles(site, details, await readAssets());
  await writeSite(out, files);
  const bytes = [...files.values()].reduce((sum, file) => sum + Buffer.byteLength(file), 0);
  const measured = site.rows.filter(({ kind }) => kind === "measured").length;
  const counts = { records: records.length, rows: measured, published: site.rows.length - measured };
  const leftOut = problems.map(({ file, kind, reason }) => ({ file, kind, reason }));
  io.result({ out, files: [...files.keys()], bytes, ...counts, models: site.models.length, leftOut });
  if (records.length === 0) io.warn(`${results} has no records; "handheld eval" makes them`);
  io.print(
    `  ${out}/index.html  ${counted(records.length, "record")} in ${counted(measured, "row")}, ${counts.published} published, ${formatBytes(bytes)}`,
  );
  if (problems.length > 0) io.print(`  left out ${problems.length}; see the warnings`);
};

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
