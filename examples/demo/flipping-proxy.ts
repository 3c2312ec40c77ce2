/** A proxy in front of a registry that changes one byte of one blob in the response to the client. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, request as requestHttp, type IncomingMessage, type ServerResponse } from "node:http";
import { request as requestHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { PassThrough, pipeline, Transform } from "node:stream";
import type { Attack } from "./registry-attacker.ts";

export async function startFlippingProxy(host: string, original: string): Promise<Attack> {
  const digest = createHash("sha256")
    .update(await readFile(original))
    .digest("hex");
  const server = createServer((incoming, outgoing) => forward({ host, digest }, incoming, outgoing));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    end: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function forward(
  { host, digest }: { readonly host: string; readonly digest: string },
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  const [name = "", port] = host.split(":");
  const send = process.env["DTUF_INSECURE"] === "1" ? requestHttp : requestHttps;
  const { method, url, headers } = incoming;
  const upstream = send({ host: name, port, method, path: url, headers: { ...headers, host } }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    const isVictim = method === "GET" && url?.endsWith(`/blobs/sha256:${digest}`) === true;
    pipeline(answer, isVictim ? flipFirstByte() : new PassThrough(), outgoing, () => undefined);
  });
  upstream.on("error", () => outgoing.destroy());
  incoming.pipe(upstream);
}

function flipFirstByte(): Transform {
  let done = false;
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      if (!done && chunk.length > 0) {
        chunk[0] = (chunk[0] ?? 0) ^ 1;
        done = true;
      }
      callback(null, chunk);
    },
  });
}
