/**
 * Returns the encoding of a text file if its first bytes show that it is not plain UTF-8, else undefined. Some text
 * editors, and PowerShell's `>`, write such bytes before a valid document.
 */
export function findForeignEncoding(bytes: Uint8Array): string | undefined {
  const [first = -1, second = -1, third = -1] = bytes;
  if (first === 0xef && second === 0xbb && third === 0xbf) return "UTF-8 with a byte order mark";
  const isMarked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return isMarked || (bytes.length > 1 && (first === 0) !== (second === 0)) ? "UTF-16" : undefined;
}
