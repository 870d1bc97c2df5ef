// Public names of handheld/hub: models from the Hugging Face hub, into its cache. Node only.
export type { CachedFile, LinkKind } from "./cache.ts";
export { HubError, type HubReason } from "./errors.ts";
export type { Retry } from "./http.ts";
export type { HubFile } from "./listing.ts";
export type { PullProgress } from "./progress.ts";
export { findCached, type PullEvent, type PulledModel, type PullOptions, pullModel } from "./pull.ts";
export { checkReference, formatReference, type HubReference, isHubReference, parseReference } from "./reference.ts";
export { resolveModel } from "./resolve.ts";
export type { HubOptions, Patience } from "./settings.ts";
