// Public names of handheld/leaderboard: a static site from results. Node only.
export type { SiteData } from "./data.ts";
export { generator, type PageAssets, siteFiles } from "./files.ts";
export { publishedTables } from "./published/index.ts";
export { type PublishedTable, publishedTableSchema } from "./published/schema.ts";
export { createSite, type SiteOptions } from "./site.ts";
export { readAssets, writeSite } from "./write.ts";
