// The spaces by name. A new one: its file here and its line below.
import { HandheldError, suggest } from "../../errors.ts";
import { pathExists, readJsonFile } from "../../io.ts";
import { createSpace, type Space, type SpaceInput } from "../space.ts";
import { mobilellm } from "./mobilellm.ts";
import { phonelm } from "./phonelm.ts";
import { wide } from "./wide.ts";

const spaces: Readonly<Record<string, SpaceInput>> = { phonelm, mobilellm, wide };

/** Names that {@link loadSpace} knows. */
export const spaceNames: readonly string[] = Object.keys(spaces);

/**
 * A space by name, or from a JSON file.
 *
 * @throws HandheldError `invalid-option` for an unknown name, `io`, `invalid-file` or `invalid-spec` for a file
 */
export async function loadSpace(source: string): Promise<Space> {
  const known = spaces[source.toLowerCase()];
  if (known !== undefined) return createSpace(known, source);
  if (/[/\\]|\.json$/.test(source) || (await pathExists(source))) {
    return createSpace(await readJsonFile(source), source);
  }
  const hint = suggest(source, spaceNames) || `; known: ${spaceNames.join(", ")}`;
  throw new HandheldError("invalid-option", `"${source}" is neither a search space nor a file${hint}`);
}
