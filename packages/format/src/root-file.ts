/**
 * A file for handing over roots: one `N.root.json`, or a chain of them. Signatures are over canonical bytes, but the
 * bytes of a published `N.root.json` never change, so the chain contains each file unchanged: a JSON array of strings, the
 * base64 (RFC 4648, section 4) of each file, oldest first. The first character distinguishes the two forms.
 */
import { FormatError } from "./errors.ts";

/** A thousand rotations of roots with RSA keys. Each root also has TUF's own limit. */
export const rootFileMaxBytes: number = 32 * 1024 * 1024;

/** @param files oldest first; they are not verified here */
export function encodeRootChain(files: readonly Uint8Array[]): Uint8Array {
  const lines = files.map((bytes) => JSON.stringify(Buffer.from(bytes).toString("base64")));
  return Buffer.from(`[\n${lines.join(",\n")}\n]\n`);
}

/**
 * Returns the roots in a file, oldest first, not verified. A file that is not a chain contains one.
 * @throws FormatError FORMAT_ROOT_CHAIN_INVALID
 */
export function parseRootFile(bytes: Uint8Array): readonly [Uint8Array, ...Uint8Array[]] {
  if (!isRootChain(bytes)) return [bytes];
  if (bytes.length > rootFileMaxBytes) throw invalid(`${bytes.length} bytes; at most ${rootFileMaxBytes}`);
  const [first, ...more] = parseStrings(bytes).map(decode);
  if (first === undefined) throw invalid("it is empty");
  return [first, ...more];
}

function isRootChain(bytes: Uint8Array): boolean {
  return /^[\t\n\r ]*\[/.test(Buffer.from(bytes.subarray(0, 64)).toString("latin1"));
}

function parseStrings(bytes: Uint8Array): readonly unknown[] {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown[];
  } catch (cause) {
    throw invalid("it is not JSON", cause);
  }
}

/** Each file has one encoding: base64 that differs from the encoder's is refused. */
function decode(text: unknown, index: number): Uint8Array {
  const bytes = Buffer.from(typeof text === "string" ? text : "", "base64");
  if (bytes.length > 0 && bytes.toString("base64") === text) return bytes;
  throw invalid(`element ${index + 1} is not the base64 of a file`);
}

function invalid(why: string, cause?: unknown): FormatError {
  return new FormatError("FORMAT_ROOT_CHAIN_INVALID", `the file is not a chain of roots: ${why}`, { cause });
}
