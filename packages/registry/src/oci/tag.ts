import { OciError } from "../errors.ts";

declare const tagBrand: unique symbol;

/** A tag of the distribution spec's grammar: 1 to 128 of `[A-Za-z0-9_.-]`, not starting with `.` or `-`. */
export type TagName = string & { readonly [tagBrand]: true };

/** Whether `parseTag` accepts the text. Never throws. */
export function isTag(text: string): text is TagName {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(text);
}

/** @throws OciError OCI_TAG_INVALID */
export function parseTag(text: string): TagName {
  if (isTag(text)) return text;
  const shown = text.length > 160 ? `${text.slice(0, 160)}…` : text;
  throw new OciError("OCI_TAG_INVALID", `not a tag: ${JSON.stringify(shown)}; wanted 1 to 128 of A-Z a-z 0-9 _ . -`, {
    details: { got: shown },
  });
}
