import { escapeText } from "../../escape/escape.ts";
import { warningMaxBytes, warningsMax } from "./store-limits.ts";

/** Passes on the text of each `Warning: 299 - "text"` once (distribution-spec, "Warnings"). */
export function createWarnings(show: (text: string) => void): (headers: readonly string[]) => void {
  const shown = new Set<string>();
  return (headers) => {
    for (const text of headers.flatMap(parseWarnings)) {
      if (shown.has(text) || shown.size >= warningsMax) continue;
      shown.add(text);
      show(text);
    }
  };
}

function parseWarnings(header: string): readonly string[] {
  if (header.length > warningMaxBytes) return [];
  return [...header.matchAll(/(?:^|,)\s*299 - "((?:[^"\\]|\\.)*)"/g)].map(([, quoted = ""]) =>
    escapeText(quoted.replaceAll(/\\(.)/g, "$1")),
  );
}
