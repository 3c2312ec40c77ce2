/** The status page for browsers of this machine: read, never written, only under its own name, and for those who know its address. */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parseTargetPath, TufError, type TargetPath } from "@dtuf/tuf";
import type { Context, ExitStatus } from "../context/command.ts";
import { UsageError } from "../context/usage.ts";
import { gather, type Gathering } from "./gather.ts";
import { encodeCalendar } from "./page/calendar.ts";
import { mannerOf } from "./views.ts";
import type { StatusReport } from "./report/report.ts";
import { contentPolicy, encodePage, encodeStatusJson } from "./page/page.ts";

/** Browsers of one machine need few. */
const connectionsMax = 32;
const urlMax = 8192;
/** Reloading a page does not ask the registry again so soon. */
const freshMs = 5000;
const requestMs = 10_000;
/** Looks that wait for one another: more are refused. */
const waitingMax = 4;

/** Runs until the signal. Its end by SIGINT or SIGTERM is the usual one. */
export async function serve(context: Context, repo: string): Promise<ExitStatus> {
  const { io, terminal, values } = context;
  const find = createFinder(context, repo);
  // What cannot be shown at all is said before anything is served.
  await find(undefined);
  // Every user of the machine can connect, and what waits to be published is not for everybody.
  const base = `/${randomBytes(16).toString("hex")}/`;
  const server = createServer(
    { headersTimeout: requestMs, requestTimeout: requestMs, keepAliveTimeout: 1000, maxHeaderSize: 2 * urlMax },
    (request, response) => void answer({ request, response, find, io, base }),
  );
  server.maxConnections = connectionsMax;
  const port = await listen(server, values.count("serve") ?? 0);
  await terminal.print(`http://127.0.0.1:${port}${base}`);
  terminal.report(`serving the status of ${repo} to this machine; interrupt to end`);
  await ended(server, io.signal);
  return 0;
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(
        new UsageError(
          `cannot serve on port ${port} of 127.0.0.1: ${error.code ?? error.message}`,
          "name another port",
        ),
      );
    });
    server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

function ended(server: Server, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      server.close(() => resolve());
      server.closeAllConnections();
    };
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}

/** Undefined: too many are waiting. */
type Find = (asked: TargetPath | undefined) => Promise<Gathering> | undefined;

/** One look at a time, kept for a moment, and few that wait: browsers cannot keep this machine asking a registry. */
function createFinder(context: Context, repo: string): Find {
  let last:
    | { readonly asked: TargetPath | undefined; readonly until: number; readonly found: Promise<Gathering> }
    | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return (asked) => {
    const now = context.io.now().getTime();
    if (last !== undefined && last.asked === asked && now < last.until) return last.found;
    if (waiting >= waitingMax) return undefined;
    waiting += 1;
    const found = queue.then(() => gather(context, { repo, asked, ...mannerOf(context) }));
    const leave = (): void => void (waiting -= 1);
    queue = found.then(leave, leave);
    last = { asked, until: now + freshMs, found };
    return found;
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly find: Find;
  readonly io: Context["io"];
  /** What every address begins with. */
  readonly base: string;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

async function answer({ request, response, find, io, base }: Exchange): Promise<void> {
  const { status, type, body } = await route(request, { find, base }).catch((): Answer => {
    return io.signal.aborted ? text(503, "ending") : text(500, "the status could not be read; see the terminal");
  });
  response.writeHead(status, {
    "content-type": `${type}; charset=utf-8`,
    "content-length": Buffer.byteLength(body),
    "content-security-policy": `${contentPolicy("form")}; frame-ancestors 'none'`,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
    ...(status === 405 ? { allow: "GET, HEAD" } : {}),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

async function route(
  { method, url = "", headers, socket }: IncomingMessage,
  { find, base }: Pick<Exchange, "find" | "base">,
): Promise<Answer> {
  if (method !== "GET" && method !== "HEAD") return text(405, "only GET and HEAD");
  if (!isOwnName(headers.host, socket.localPort)) {
    return text(421, "this server answers to 127.0.0.1 and localhost alone");
  }
  if (!isOwnSite(headers["sec-fetch-site"])) return text(403, "another site asked for this page; type its address");
  if (url.length > urlMax) return text(414, "the address is too long");
  const asked = URL.parse(url, "http://127.0.0.1");
  if (asked === null || !url.startsWith("/")) return text(400, "no such address");
  const page = asked.pathname.startsWith(base) ? asked.pathname.slice(base.length) : undefined;
  const encode = page === undefined ? undefined : encoders.get(page);
  if (encode === undefined) return text(404, "no such page");
  const name = page === "" ? (asked.searchParams.get("name") ?? "") : "";
  const path = name === "" ? undefined : findTargetPath(name);
  if (name !== "" && path === undefined) return text(400, "that is no name of a target");
  const found = find(path);
  return found === undefined ? text(503, "busy; ask again") : encode((await found).report);
}

const encoders: ReadonlyMap<string, (report: StatusReport) => Answer> = new Map([
  ["", (report) => ({ status: 200, type: "text/html", body: encodePage(report, "form") })],
  ["status.json", (report) => ({ status: 200, type: "application/json", body: encodeStatusJson(report) })],
  ["expiries.ics", (report) => ({ status: 200, type: "text/calendar", body: encodeCalendar(report) })],
]);

/**
 * A web site whose name leads to 127.0.0.1 (DNS rebinding) has its own name in the Host header, and must not read what this
 * server knows.
 */
function isOwnName(host: string | undefined, port: number | undefined): boolean {
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`;
}

/** Browsers say whether another site makes the request, which could not read the answer, but would cost questions. */
function isOwnSite(site: string | readonly string[] | undefined): boolean {
  return site === undefined || site === "none" || site === "same-origin";
}

function findTargetPath(name: string): TargetPath | undefined {
  try {
    return parseTargetPath(name);
  } catch (error) {
    if (TufError.is(error)) return undefined;
    throw error;
  }
}

function text(status: number, body: string): Answer {
  return { status, type: "text/plain", body: `${body}\n` };
}
