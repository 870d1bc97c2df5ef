// Format `code_short`: set_alarm(hour=8,minute=0), for tiny models: results are numbered by line, no spaces, and JSON's
// true, false and null (words that a query's own tokens already hold).

import { createFormat } from "./create.ts";
import { parseCodeCalls } from "./parse-code.ts";
import { JSON_LITERALS } from "./syntax.ts";

export const codeShort = createFormat(
  {
    name: "code_short",
    begin: "",
    end: "",
    separator: "\n",
    prefix: () => "",
    open: (name) => `${name}(`,
    close: ")",
    comma: ",",
    key: (name) => `${name}=`,
    colon: ":",
    literals: JSON_LITERALS,
    referenceQuote: "",
  },
  parseCodeCalls,
);
