// Format `json_short`: {"f":"set_alarm","a":{"hour":8,"minute":0}}, one call per line: JSON with short keys, no spaces.

import { createFormat } from "./create.ts";
import { parseJsonCalls } from "./parse-json.ts";
import { JSON_LITERALS } from "./syntax.ts";

export const jsonShort = createFormat(
  {
    name: "json_short",
    begin: "",
    end: "",
    separator: "\n",
    prefix: () => "",
    open: (name) => `{"f":${JSON.stringify(name)},"a":{`,
    close: "}}",
    comma: ",",
    key: (name) => `${JSON.stringify(name)}:`,
    colon: ":",
    literals: JSON_LITERALS,
    referenceQuote: '"',
  },
  parseJsonCalls,
);
