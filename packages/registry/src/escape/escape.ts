/**
 * Makes foreign text safe to print: control characters (C0 with line ends, C1) and characters that change the direction of
 * text become \u{…}. So no text from a registry sends an escape sequence to a terminal (CVE-2021-21303) or starts a new line.
 */
export function escapeText(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}
