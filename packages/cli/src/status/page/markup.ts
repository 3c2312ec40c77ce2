/**
 * HTML and SVG by construction: whatever is put into the template is escaped, for text and for quoted attributes alike, so that
 * no text of metadata can become an element, an attribute or a direction of writing. There is no way around it but
 * `dangerousMarkup`, for the page's own style sheet.
 */
import { escapeText } from "@dtuf/registry/escape";

const brand: unique symbol = Symbol("markup");

/** Markup that was made by `html` alone. */
export interface Markup {
  readonly [brand]: string;
}

/** Text is escaped; nothing is shown for undefined. */
export type Content = string | number | Markup | undefined | readonly Content[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

/**
 * A template whose values are text, markup of this function, or lists of them. Attributes must be quoted.
 * @throws TypeError for a value in a place where escaping could not help: an attribute without quotes, or inside of a tag
 */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  const written = parts.map((part) => part.replaceAll(/\n\s*/g, "\n"));
  let text = written[0] ?? "";
  for (const [at, value] of values.entries()) {
    verifyPlace(text);
    text += textOf(value) + (written[at + 1] ?? "");
  }
  return { [brand]: text };
}

export function encodeMarkup(markup: Markup): string {
  return markup[brand];
}

/** DANGER: the text becomes markup as it is. Only for constants of this program, never for anything that was read. */
export function dangerousMarkup(text: string): Markup {
  return { [brand]: text };
}

/** Between tags, or in the quotes of an attribute. */
function verifyPlace(before: string): void {
  const tag = before.slice(Math.max(before.lastIndexOf("<"), before.lastIndexOf(">")));
  if (!tag.startsWith("<")) return;
  const quotes = tag.split('"').length - 1;
  if (quotes % 2 === 0) throw new TypeError(`a value stands in a tag without quotes: ${tag.slice(-40)}`);
}

function textOf(content: Content): string {
  if (content === undefined) return "";
  if (typeof content === "number") return String(content);
  if (typeof content === "string") return escapeMarkup(content);
  if (brand in content) return content[brand];
  return content.map(textOf).join("");
}

/** Control characters, line ends and marks that turn the direction of writing are shown as `\u{202e}`. */
function escapeMarkup(text: string): string {
  return escapeText(text).replaceAll(/[&<>"'`]/g, (character) => entities[character] ?? "");
}
