/** Lines of bounded length from a stream of bytes. */
import type { ByteStream } from "@dtuf/registry";

/** "too-long": its bytes were passed over. "not-utf8": it is no text. */
export type ReadLine = { readonly kind: "line"; readonly text: string } | { readonly kind: "too-long" | "not-utf8" };

const lineEnd = 0x0a;

/** Holds no more than one line. An unfinished last line counts; an empty one does not. */
export async function* readLines(stream: ByteStream, maxBytes: number): AsyncGenerator<ReadLine> {
  let parts: Uint8Array[] = [];
  let length = 0;
  const take = (more: Uint8Array): void => {
    length += more.length;
    if (length <= maxBytes) parts.push(more);
    else parts = [];
  };
  const finish = (): ReadLine | undefined => {
    const line = length > maxBytes ? { kind: "too-long" as const } : decodeLine(Buffer.concat(parts));
    [parts, length] = [[], 0];
    return line;
  };
  for await (const chunk of stream) {
    let rest = chunk;
    for (let end = rest.indexOf(lineEnd); end !== -1; end = rest.indexOf(lineEnd)) {
      take(rest.subarray(0, end));
      const line = finish();
      if (line !== undefined) yield line;
      rest = rest.subarray(end + 1);
    }
    take(rest);
  }
  const last = finish();
  if (last !== undefined) yield last;
}

function decodeLine(bytes: Uint8Array): ReadLine | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes).trim();
    return text === "" ? undefined : { kind: "line", text };
  } catch {
    return { kind: "not-utf8" };
  }
}
