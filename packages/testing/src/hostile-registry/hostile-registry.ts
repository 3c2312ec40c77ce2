/**
 * A strict OCI registry inside the test's process (distribution-spec, main; its conformance suite's cases). A script
 * can make it produce every fault of a registry or a network. Its content is in plain maps, so a test can falsify it; its
 * requests are in a list, so a test can see what a client sent.
 */
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import type { ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createGate, type Gate, type RegistryAuth } from "./auth.ts";
import { isWellFormedName, repositoryOf, type RegistryContent, type RepositoryContent } from "./content.ts";
import {
  answer,
  errorAnswer,
  jsonAnswer,
  parseRoute,
  refuse,
  type Answer,
  type Exchange,
  type Feature,
  type LoggedRequest,
  type Manners,
  type Registry,
  type Route,
} from "./exchange.ts";
import {
  bytesOf,
  changeAnswer,
  changeHeaders,
  createScript,
  type Fault,
  type Script,
  type ScriptedRule,
  type ScriptRule,
} from "./faults.ts";
import { answerBlob, answerCatalog, answerManifest, answerReferrers, answerTags } from "./reads.ts";
import { answerUpload, answerUploadStart, keepPartialChunk } from "./uploads.ts";
import { endConnection, readBody, sendAnswer } from "./wire.ts";

export type { RegistryAuth } from "./auth.ts";
export type { RepositoryContent, StoredManifest, UploadSession } from "./content.ts";
export type { Feature, LoggedRequest } from "./exchange.ts";
export type { Ending, Fault, Match, ScriptedRule, ScriptRule } from "./faults.ts";

export interface HostileRegistryOptions extends Partial<Omit<Manners, "without">> {
  readonly auth?: RegistryAuth;
  /** PEM. `clientCa`: clients must have a certificate that it signed. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly clientCa?: string };
  readonly without?: readonly Feature[];
  /** Address to listen on. Default 127.0.0.1. */
  readonly address?: string;
  /** The clock of tokens. */
  readonly now?: () => Date;
}

export interface HostileRegistry {
  /** host:port */
  readonly host: string;
  readonly origin: string;
  /** In order of arrival, token requests included. */
  readonly requests: readonly LoggedRequest[];
  /** Rules of the specification that the client violated, in words. Empty for a correct client. */
  readonly violations: readonly string[];
  /** TCP connections accepted so far. */
  readonly connections: number;
  /** The content, to be read or falsified. Created if it does not exist. */
  repository(name: string): RepositoryContent;
  script(rule: ScriptRule): ScriptedRule;
  clearScript(): void;
  /** Empties the lists of requests and violations. */
  clearLog(): void;
  expireTokens(): void;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

type Logged = { -readonly [Key in keyof LoggedRequest]: LoggedRequest[Key] };

interface House {
  readonly registry: Registry;
  readonly gate: Gate;
  readonly script: Script;
}

export async function createHostileRegistry(options: HostileRegistryOptions = {}): Promise<HostileRegistry> {
  const { auth, tls, address = "127.0.0.1", now = () => new Date() } = options;
  const content: RegistryContent = new Map();
  const requests: Logged[] = [];
  const violations: string[] = [];
  const script = createScript();
  let connections = 0;
  const server =
    tls === undefined
      ? createHttpServer({ maxHeaderSize: 1 << 21 })
      : createHttpsServer({
          ...tls,
          ...(tls.clientCa === undefined ? {} : { ca: tls.clientCa, requestCert: true }),
          maxHeaderSize: 1 << 21,
        });
  // Errors of client connections are expected here.
  server.on("clientError", (_error, socket) => socket.destroy());
  server.on("connection", () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port, family } = server.address() as AddressInfo;
  const host = `${family === "IPv6" ? `[${address}]` : address}:${port}`;
  const origin = `${tls === undefined ? "http" : "https"}://${host}`;
  const house: House = {
    registry: { origin, content, manners: mannersOf(options), violation: (what) => void violations.push(what) },
    gate: createGate({ auth, origin: () => origin, now }),
    script,
  };
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const { method = "", url = "/", headers } = request;
    const logged: Logged = { method, path: url, headers, bodyBytes: 0, status: undefined };
    requests.push(logged);
    serve(house, logged, { request, response }).catch((error: unknown) => {
      violations.push(`the registry itself failed: ${String(error)}`);
      response.destroy();
    });
  });
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  return {
    host,
    origin,
    requests,
    violations,
    get connections() {
      return connections;
    },
    repository: (name) => repositoryOf(content, name),
    script: (rule) => script.add(rule),
    clearScript: () => script.clear(),
    clearLog: () => void (requests.splice(0), violations.splice(0)),
    expireTokens: () => house.gate.expireTokens(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function mannersOf(options: HostileRegistryOptions): Manners {
  return {
    locations: options.locations ?? "relative",
    pageSize: options.pageSize ?? 100,
    chunkMinBytes: options.chunkMinBytes ?? 0,
    chunkMaxBytes: options.chunkMaxBytes ?? Infinity,
    putMaxBytes: options.putMaxBytes ?? Infinity,
    manifestMaxBytes: options.manifestMaxBytes ?? 4 * 1024 * 1024,
    immutableTags: options.immutableTags ?? { which: "none", like: "ECR" },
    without: new Set(options.without),
  };
}

interface Wire {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function serve(house: House, logged: Logged, { request, response }: Wire): Promise<void> {
  const faults = house.script.faultsFor(logged);
  const send = async (what: Answer): Promise<void> => {
    logged.status = what.status;
    request.resume();
    await sendAnswer(response, what, faults);
  };
  await runFaults(house, logged, faults);
  if (faults.some((fault) => fault.kind === "ignore-range")) delete request.headers.range;
  const instead = insteadOf(logged, faults);
  if (instead?.request === "unread") return send(instead.answer);

  const drop = faults.find((fault) => fault.kind === "drop");
  const route = parseRoute(pathOf(logged).pathname);
  const body = await readBody(request, drop?.afterRequestBytes ?? Infinity);
  logged.bodyBytes = body.bytes.length;
  if (body.end === "cut" && route?.to === "upload" && logged.method === "PATCH" && drop?.when !== "before") {
    keepPartialChunk(house.registry, route, body.bytes);
  }
  if (body.end === "cut" || drop?.when === "before") return endConnection(request.socket, drop?.how);
  const raw = faults.find((fault) => fault.kind === "raw");
  if (raw !== undefined) return void request.socket.end(bytesOf(raw.bytes));

  const given = instead?.answer ?? answerTo(house, logged, body.bytes);
  if (drop !== undefined) return endConnection(request.socket, drop.how);
  await send(changeAnswer(given, faults, logged));
}

async function runFaults({ gate, registry }: House, logged: Logged, faults: readonly Fault[]): Promise<void> {
  for (const fault of faults) {
    if (fault.kind === "run") await fault.run(logged);
    if (fault.kind === "expire-tokens") gate.expireTokens();
    if (fault.kind === "forget-uploads") for (const { uploads } of registry.content.values()) uploads.clear();
  }
}

interface Instead {
  readonly answer: Answer;
  readonly request: "read" | "unread";
}

function insteadOf(logged: LoggedRequest, faults: readonly Fault[]): Instead | undefined {
  const fault = faults.find(({ kind }) => kind === "answer" || kind === "redirect");
  if (fault?.kind === "redirect") {
    const location = typeof fault.location === "string" ? fault.location : fault.location(logged);
    return { answer: answer(fault.status ?? 307, { location }), request: "read" };
  }
  if (fault?.kind !== "answer") return undefined;
  const { status, headers, body = "", request = "read" } = fault;
  return { answer: answer(status, changeHeaders({}, headers), bytesOf(body)), request };
}

function pathOf({ path }: LoggedRequest): URL {
  return new URL(path, "http://registry.invalid");
}

function answerTo({ registry, gate }: House, logged: Logged, body: Uint8Array): Answer {
  const { method, headers } = logged;
  const url = pathOf(logged);
  const request = { method, url, authorization: headers.authorization };
  if (url.pathname === "/token") return gate.answerToken(request, Buffer.from(body).toString());
  const route = parseRoute(url.pathname);
  if (route === undefined) return errorAnswer(404, "UNSUPPORTED", url.pathname);
  const admitted = gate.check(request, route);
  if ("status" in admitted) return admitted;
  return dispatch(registry, { method, url, headers, body, mayPull: admitted.mayPull }, route);
}

const handlers = {
  uploads: answerUploadStart,
  upload: answerUpload,
  blob: answerBlob,
  manifest: answerManifest,
  tags: answerTags,
  referrers: answerReferrers,
} as const;

function dispatch(registry: Registry, exchange: Exchange, route: Route): Answer {
  if (route.to === "base") return jsonAnswer(200, {});
  if (route.to === "catalog") return answerCatalog(registry, exchange);
  if (!isWellFormedName(route.name)) return refuse(registry, exchange, [400, "NAME_INVALID", route.name]);
  return handlers[route.to](registry, exchange, route);
}
