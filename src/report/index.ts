// Public names of handheld/report.
export type * from "./data.ts";
export { recordPage } from "./record/report.ts";
export { renderReport } from "./report.ts";
export { renderSearchReport } from "./search/report.ts";
