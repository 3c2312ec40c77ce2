/**
 * Text that came from elsewhere, made safe to show: control characters, line ends among them, also the C1 ones and those
 * that turn the direction of writing, stand as \u{…}. A terminal never gets an escape sequence from a registry
 * (CVE-2021-21303), and no text from elsewhere becomes a line of its own.
 */
export function escapeText(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
}
