/**
 * Web pages in the place of files: sign-in pages of portals, and single-page apps, which answer 200 for every address. They
 * are no attack and no damage: the same request may bring the file a minute later.
 */
import { isWebPage, type ByteStream } from "@dtuf/registry";
import type { HttpResponse } from "@dtuf/registry/http";
import { CopyError } from "../errors.ts";

/**
 * Metadata is a JSON object: markup is not taken for it, nor is anything of the type text/html that does not begin as one.
 * @throws CopyError COPY_WEB_PAGE, before the page is read
 */
export async function* refusePageForMetadata(response: HttpResponse): ByteStream {
  let isFirst = true;
  for await (const chunk of response.body) {
    if (isFirst && beginsPage(chunk, response)) throw webPage(response, "metadata");
    isFirst = false;
    yield chunk;
  }
}

function beginsPage(chunk: Uint8Array, response: HttpResponse): boolean {
  const [first] = Buffer.from(chunk.subarray(0, 1024)).toString().trimStart();
  return first === "<" || (first !== "{" && isWebPage(response));
}

/**
 * A target may be a page itself. What is served as one and is not as long as the target is another.
 * @throws CopyError COPY_WEB_PAGE
 */
export async function* refusePageForTarget(response: HttpResponse, length: number): ByteStream {
  let received = 0;
  for await (const chunk of response.body) {
    received += chunk.length;
    if (received > length && isWebPage(response)) throw webPage(response, "the target");
    yield chunk;
  }
  if (received < length && isWebPage(response)) throw webPage(response, "the target");
}

/** Without the query, which may be a secret. */
export function showUrl({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

function webPage(response: HttpResponse, wanted: string): CopyError {
  const url = showUrl(response.url);
  const type = isWebPage(response) ? " (text/html)" : "";
  return new CopyError("COPY_WEB_PAGE", `a web page${type} at ${url}, not ${wanted}: a sign-in page?`, {
    details: { url, wanted },
  });
}
