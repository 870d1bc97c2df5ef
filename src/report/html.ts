// HTML from templates in which every value is escaped unless it is HTML made here. Nothing else may build markup.

/** Markup that is safe to insert. Made by {@link html}; never wrap outside text in it. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What a template may hold: text is escaped, null and false vanish, lists are joined. */
export type HtmlValue = string | number | Html | null | false | readonly HtmlValue[];

/**
 * Builds markup; values go into element content or into double-quoted attributes.
 *
 * @example
 * ```ts
 * html`<p title="${query}">${query}</p>`.text;
 * ```
 */
export function html(strings: TemplateStringsArray, ...values: HtmlValue[]): Html {
  return new Html(strings.reduce((text, part, i) => text + toText(values[i - 1]!) + part));
}

/** Escapes text for element content and quoted attributes. Control characters that HTML forbids become U+FFFD. */
export function escapeHtml(text: string): string {
  if (!/[&<>"'`\p{Cc}\uFFFE\uFFFF]/u.test(text)) return text;
  return text
    .replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/[\p{Cc}\uFFFE\uFFFF]/gu, (character) => (/[\t\n\r]/.test(character) ? character : "\uFFFD"));
}

/** A value as JSON inside a `<script type="application/json">`, where no text can end the element. */
export function jsonScript(value: unknown): Html {
  return new Html(
    JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
}

function toText(value: HtmlValue): string {
  if (value === null || value === false) return "";
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map(toText).join("");
  return escapeHtml(String(value));
}
