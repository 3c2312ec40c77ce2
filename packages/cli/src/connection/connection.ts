/** Settings -> a store: an embedded registry's layout, or a repository of a registry over HTTP. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseRegistryHost, type WriteStore } from "@dtuf/registry";
import type { TlsOptions, Transport } from "@dtuf/registry/http";
import type { LayoutRegistry } from "@dtuf/registry/layout";
import type { CredentialProvider, RegistryClient } from "@dtuf/registry/remote";
import { findCredentials } from "./credentials.ts";
import type { Context } from "../context/command.ts";
import { tellWait } from "./lock-wait.ts";
import { readProxies } from "./proxies.ts";
import { describePlace, resolveHost, resolvePlace, type Host, type HostChoice, type Place } from "./place.ts";
import { UsageError } from "../context/usage.ts";

export interface Connection {
  readonly place: Place;
  /** As the state records it and errors show it. */
  readonly name: string;
  readonly store: WriteStore;
  close(): Promise<void>;
}

export function hostChoice(context: Context): HostChoice {
  return {
    host: context.values.text("host"),
    env: context.io.env,
    cwd: context.io.cwd,
    platform: context.io.platform,
    note: (text) => context.terminal.note(text),
    variable: context.variable("host"),
  };
}

export async function openRepository(context: Context, repo: string): Promise<Connection> {
  return connect(context, resolvePlace(repo, hostChoice(context)));
}

/** @param named host that outright credentials, TLS settings and plain HTTP are for; default: DTUF_HOST, else the place's own */
export async function connect(context: Context, place: Place, named?: string): Promise<Connection> {
  const name = describePlace(place);
  if (place.kind === "layout") {
    const { createLayoutStore } = await import("@dtuf/registry/layout");
    const store = createLayoutStore({ directory: place.directory, onLockWait: tellWait(context) });
    return { place, name, store, close: () => Promise.resolve() };
  }
  const client = await openRegistry(context, place.host, { first: named });
  return { place, name, store: client.repository(place.repository), close: () => client.close() };
}

export type OpenedHost =
  | { readonly kind: "registry"; readonly host: string; readonly registry: RegistryClient }
  | { readonly kind: "embedded"; readonly root: string; readonly registry: LayoutRegistry };

export async function openHost(context: Context, named?: Host): Promise<OpenedHost> {
  const host = named ?? resolveHost(hostChoice(context));
  if (host.kind === "registry") return { ...host, registry: await openRegistry(context, host.host) };
  const { createLayoutRegistry } = await import("@dtuf/registry/layout");
  return { ...host, registry: createLayoutRegistry({ root: host.root, onLockWait: tellWait(context) }) };
}

/** A client that is exactly who it is told to be: for asking the registry whether it lets that one in. */
export function openLogin(context: Context, host: string, credentials: CredentialProvider): Promise<RegistryClient> {
  return openRegistry(context, host, { credentials });
}

/** What takes the place of the settings that are about the host of DTUF_HOST. */
export interface Identity {
  readonly first?: string | undefined;
  readonly credentials?: CredentialProvider;
  readonly scheme?: "https" | "http";
  readonly transport?: Transport;
}

export async function openRegistry(context: Context, host: string, identity: Identity = {}): Promise<RegistryClient> {
  const { createRegistryClient } = await import("@dtuf/registry/remote");
  const named = settingsHost(context) ?? identity.first ?? host;
  const { io, values, terminal } = context;
  const authHost = values.text("auth-host");
  return createRegistryClient({
    registry: host,
    scheme: identity.scheme ?? (values.on("insecure") && host === named ? "http" : "https"),
    credentials: identity.credentials ?? (await findCredentials(context, named)),
    ...(authHost === undefined || authHost === "" ? {} : { authHost }),
    transport: identity.transport ?? (await openTransport(context, named)),
    headers: host === named ? await readHeaders(context) : {},
    onWarning: (text) => terminal.note(`the registry warns: ${text}`),
    now: io.now,
    random: io.random,
  });
}

/**
 * @param host host[:port] that the TLS settings and plain HTTP are for, and no other
 * @param own settings for that host which go before those of the command line
 */
export async function openTransport(context: Context, host: string, own: OwnTls = {}): Promise<Transport> {
  const { createTransport, networkOf } = await import("@dtuf/registry/http");
  const { io, values, terminal } = context;
  const family = values.text("ip-family");
  const tls = await readTls(context, host, own.tls);
  return createTransport({
    now: io.now,
    random: io.random,
    userAgent: `${context.program}/0`,
    ...(family === "4" || family === "6" ? { family: family === "4" ? (4 as const) : (6 as const) } : {}),
    proxy: await readProxies(io.env),
    tls,
    plainHttp: (asked) => {
      if (mayBePlain(context, host, asked) || networkOf(hostName(asked)) === "loopback") return "allow";
      return asked === host ? (own.plainHttp ?? "refuse") : "refuse";
    },
    onRequest: ({ method, url, status, failure }) =>
      terminal.note(`${method} ${url} ${status ?? failure ?? ""}`, "DEBUG"),
  });
}

/** With `insecure`. */
function mayBePlain(context: Context, host: string, asked: string): boolean {
  return context.values.on("insecure") && isNear(context, host, asked);
}

/** The host named, whose token server may have another port, and auth-host. */
function isNear({ values }: Context, host: string, asked: string): boolean {
  return [host, values.text("auth-host") ?? ""].map(hostName).includes(hostName(asked));
}

function hostName(host: string): string {
  return URL.parse(`http://${host}`)?.hostname ?? host;
}

export interface OwnTls {
  readonly tls?: TlsOptions | undefined;
  readonly plainHttp?: "allow" | undefined;
}

async function readTls(
  context: Context,
  host: string,
  own: TlsOptions | undefined,
): Promise<(origin: string) => TlsOptions | undefined> {
  const { values, io } = context;
  const { readCertsDirectories } = await import("@dtuf/registry/http");
  const file = async (name: "ca-file" | "tlsverify" | "cert-file" | "key-file"): Promise<string | undefined> => {
    const path = values.text(name);
    return path === undefined || path === "" ? undefined : readFile(resolve(io.cwd, path), "utf8");
  };
  const ca = (await file("ca-file")) ?? (await file("tlsverify")) ?? (await bundle(context));
  const [cert, key] = [await file("cert-file"), await file("key-file")];
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError("--cert-file and --key-file go together: one of them is missing");
  }
  const named: TlsOptions = {
    ...(ca === undefined ? {} : { ca: [ca] }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(values.on("skiptlsverify") ? { verification: "skip-verify" as const } : {}),
  };
  const itsOrigin = `https://${host.replace(/:443$/, "")}`;
  const settled: TlsOptions = { ...named, ...own };
  const { cert: _cert, key: _key, ...trust } = settled;
  const installed = await readCertsDirectories(certsDirectories(context));
  return (origin) => {
    const found = installed(origin as Parameters<typeof installed>[0]);
    if (origin === itsOrigin) return { ...found, ...settled };
    return isNear(context, host, new URL(origin).host) ? { ...found, ...trust } : found;
  };
}

/** What `requests`, under the Python tools, honoured. */
async function bundle({ io }: Context): Promise<string | undefined> {
  const path = io.env["REQUESTS_CA_BUNDLE"];
  return path === undefined || path === "" ? undefined : readFile(resolve(io.cwd, path), "utf8");
}

function certsDirectories({ values, io }: Context): readonly string[] {
  const named = values.text("cert-dir");
  if (named !== undefined && named !== "") return [resolve(io.cwd, named)];
  const own = io.home === undefined ? [] : [`${io.home}/.config/containers/certs.d`];
  return [...own, "/etc/containers/certs.d", "/etc/docker/certs.d"];
}

/** The registry of DTUF_HOST: the one that every other setting of a connection is about. */
export function settingsHost({ values }: Context): string | undefined {
  const host = values.text("host");
  return host === undefined || host === "" || host.startsWith("oci:") ? undefined : parseRegistryHost(host);
}

/** Docker's own HttpHeaders, and on top of them what was said here. */
export async function readHeaders({ io, values }: Context): Promise<Readonly<Record<string, string>>> {
  const { dockerConfigPath, readDockerHeaders } = await import("@dtuf/registry/remote");
  const path = dockerConfigPath({ environment: io.env, home: io.home ?? "/" });
  return { ...(await readDockerHeaders(path)), ...parseHeaders(values.list("header")) };
}

function parseHeaders(lines: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    }),
  );
}
