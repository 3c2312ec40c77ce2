/** A directory over HTTP as static hosts have it: a file whose name is percent-encoded itself, else the decoded one. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { startHttpServer, type HttpLoopbackServer } from "@dtuf/testing/http-servers";

export async function servePlain(directory: string): Promise<HttpLoopbackServer> {
  return startHttpServer(async ({ url = "" }, response) => {
    const { pathname } = new URL(url, "http://loopback");
    for (const name of [pathname, decodeURIComponent(pathname)]) {
      const bytes = await readFile(join(directory, name)).catch(() => undefined);
      if (bytes !== undefined) return response.writeHead(200).end(bytes);
    }
    return response.writeHead(404).end();
  });
}
