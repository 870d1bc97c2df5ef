// The tables that the site shows beside records. A new one: its data in a file of its paper, and a line here.
import { mobilellmCalls, mobilellmLarge, mobilellmSmall } from "./mobilellm.ts";
import { phonelmCalls, phonelmCapability, phonelmNpu, phonelmSpeed } from "./phonelm.ts";
import type { PublishedTable } from "./schema.ts";
import { surveyAverages, surveyCalls, surveyZamba } from "./survey.ts";

export const publishedTables: readonly PublishedTable[] = [
  ...[phonelmCapability, phonelmCalls, phonelmSpeed, phonelmNpu],
  ...[mobilellmSmall, mobilellmLarge, mobilellmCalls],
  ...[surveyAverages, surveyCalls, surveyZamba],
];
