// The profiles of real machines that come with the package: `profiles/<name>.json`, each saying in `about` which machine it is
// and how it was measured.
import { pathExists } from "../io.ts";
import { type LatencyProfile, readLatencyProfile } from "./latency/latency-profile.ts";

/** A profile that comes with the package. */
export interface ShippedProfile {
  /** As `--device` takes it. */
  name: string;
  profile: LatencyProfile;
}

/** All of them by name. @throws HandheldError `invalid-file` that names one which cannot be used */
export async function shippedProfiles(): Promise<ShippedProfile[]> {
  const { readdir } = await import("node:fs/promises");
  const names = (await readdir(await folder()))
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -5));
  return Promise.all(
    names.sort().map(async (name) => ({ name, profile: await readLatencyProfile(await pathOf(name)) })),
  );
}

/** The one of this name; null where there is none. @throws HandheldError `invalid-file` */
export async function findShippedProfile(name: string): Promise<LatencyProfile | null> {
  if (!/^[\w.-]+$/.test(name)) return null; // a path is no name
  const path = await pathOf(name);
  return (await pathExists(path)) ? readLatencyProfile(path) : null;
}

async function pathOf(name: string): Promise<string> {
  return `${await folder()}/${name}.json`;
}

// Beside src, and beside dist.
async function folder(): Promise<string> {
  const { fileURLToPath } = await import("node:url");
  return fileURLToPath(new URL("../../profiles", import.meta.url));
}
