/** Reads requests and sends answers, with the faults of the connection. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { Answer } from "./exchange.ts";
import type { Ending, Fault } from "./faults.ts";

export interface ReceivedBody {
  readonly bytes: Uint8Array;
  /** "cut": the client disconnected, or the script ends the connection here. */
  readonly end: "whole" | "cut";
}

export async function readBody(request: IncomingMessage, maxBytes: number): Promise<ReceivedBody> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= maxBytes) return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), end: "cut" };
    }
  } catch {
    return { bytes: Buffer.concat(chunks), end: "cut" };
  }
  return { bytes: Buffer.concat(chunks), end: "whole" };
}

export function endConnection(socket: Socket | null, how: Ending = "rst"): void {
  if (how === "rst") socket?.resetAndDestroy();
  else socket?.end();
}

/** Sends the answer, without a body for HEAD. */
export async function sendAnswer(response: ServerResponse, answer: Answer, faults: readonly Fault[]): Promise<void> {
  const stall = faults.find((fault) => fault.kind === "stall");
  if (stall?.after === "headers") return;
  const { "content-length": length = String(answer.body.length), ...headers } = answer.headers;
  const unframed = faults.some((fault) => fault.kind === "change" && fault.headers?.["content-length"] === null);
  const bodiless = response.req.method === "HEAD" || answer.status === 204 || answer.status === 304;
  response.writeHead(answer.status, {
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value as string | string[]])),
    ...(unframed || answer.status === 204 ? {} : { "content-length": length as string }),
  });
  if (bodiless) return void response.end();
  const cut = faults.find((fault) => fault.kind === "cut");
  const sent = answer.body.subarray(0, cut?.afterBytes ?? stall?.after);
  const drip = faults.find((fault) => fault.kind === "drip");
  await (drip === undefined ? write(response, sent) : writeInDrops(response, sent, drip));
  if (stall !== undefined) return;
  if (cut !== undefined) return endConnection(response.socket, cut.how ?? "fin");
  const short = !unframed && Number(length) > answer.body.length;
  if (short) endConnection(response.socket, "fin");
  else response.end();
}

async function writeInDrops(
  response: ServerResponse,
  bytes: Uint8Array,
  { chunkBytes, everyMs }: Extract<Fault, { kind: "drip" }>,
): Promise<void> {
  for (let start = 0; start < bytes.length && !response.destroyed; start += chunkBytes) {
    await write(response, bytes.subarray(start, start + chunkBytes));
    await wait(everyMs);
  }
}

/** Resolves when the bytes were passed to the operating system, or the connection is closed. */
function write(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve();
    const done = (): void => {
      response.off("close", done);
      resolve();
    };
    response.once("close", done);
    response.flushHeaders();
    response.write(bytes, done);
  });
}
