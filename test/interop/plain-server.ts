/** A directory over HTTP as static hosts have it: a file whose name is percent-encoded itself, else the decoded one. */
import { readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { startHttpServer, type HttpLoopbackServer } from "@dtuf/testing/http-servers";

export async function servePlain(directory: string): Promise<HttpLoopbackServer> {
  return startHttpServer(({ url = "" }, response) => void answer(join(directory, url), response));
}

async function answer(path: string, response: ServerResponse): Promise<void> {
  for (const name of [path, decodeURIComponent(path)]) {
    const bytes = await readFile(name).catch(() => undefined);
    if (bytes !== undefined) {
      response.writeHead(200).end(bytes);
      return;
    }
  }
  response.writeHead(404).end();
}
