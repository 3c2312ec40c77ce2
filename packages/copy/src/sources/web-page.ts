/**
 * Web pages instead of files: sign-in pages of portals, and single-page apps, which answer 200 for every address. They are
 * reported as such and not as an attack or damage, because the same request may succeed a minute later.
 */
import { isWebPage, type ByteStream } from "@dtuf/registry";
import type { HttpResponse } from "@dtuf/registry/http";
import { CopyError } from "../errors.ts";

/**
 * Refuses a page instead of metadata. Metadata is a JSON object, so a body that begins with "<" is a page, and so is a body
 * of type text/html that does not begin with "{".
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
 * Refuses a page instead of a target. A target may itself be a page, so a body of type text/html is refused only if its
 * length differs from the target's.
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

/** The URL without its query, because the query may be a secret. */
export function showUrl({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

function webPage(response: HttpResponse, wanted: string): CopyError {
  const url = showUrl(response.url);
  const type = isWebPage(response) ? " (text/html)" : "";
  return new CopyError("COPY_WEB_PAGE", `${url} returned a web page${type} instead of ${wanted}: a sign-in page?`, {
    details: { url, wanted },
  });
}
