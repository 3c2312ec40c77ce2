/**
 * JSON that is safe to show: what a terminal or a reader could take for more than text (C1 characters, those that turn the
 * direction of writing, the separators of lines) is written as \uXXXX. The document means the same.
 */
export function encodeJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, mapsAsObjects, indent).replaceAll(/[\x7F-\x9F\p{Cf}\p{Zl}\p{Zp}]/gu, escapeUnits);
}

function mapsAsObjects(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value as ReadonlyMap<string, unknown>) : value;
}

function escapeUnits(character: string): string {
  return Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
    .map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`)
    .join("");
}
