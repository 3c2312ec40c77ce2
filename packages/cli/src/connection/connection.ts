/** Settings -> a store: an embedded registry's layout, or a repository of a registry over HTTP. */
import { resolve } from "node:path";
import type { WriteStore } from "@dtuf/registry";
import type { TransportOptions, Transport } from "@dtuf/registry/http";
import type { LayoutRegistry } from "@dtuf/registry/layout";
import type { CredentialProvider, RegistryClient } from "@dtuf/registry/remote";
import type { Context } from "../context/command.ts";
import { readHostSettings, refuseFlagsForAnother, settingsHost, type HostSettings } from "./host-settings.ts";
import { tellWait } from "./lock-wait.ts";
import { describePlace, resolveHost, resolvePlace, type Host, type HostChoice, type Place } from "./place.ts";
import { readProxies } from "./proxies.ts";

export interface Connection {
  readonly place: Place;
  /** As the state records it and errors show it. */
  readonly name: string;
  readonly store: WriteStore;
  close(): Promise<void>;
}

/** Of each command, what was noted of its host: a command may choose it several times. */
const noted = new WeakMap<Context["terminal"], string>();

export function hostChoice(context: Context): HostChoice {
  return {
    host: context.values.text("host"),
    env: context.io.env,
    cwd: context.io.cwd,
    platform: context.io.platform,
    note(text) {
      if (noted.get(context.terminal) === text) return;
      noted.set(context.terminal, text);
      context.terminal.note(text);
    },
    variable: context.variable("host"),
  };
}

export async function openRepository(context: Context, repo: string): Promise<Connection> {
  return connect(context, resolvePlace(repo, hostChoice(context)));
}

/** @param first host that the settings are about if DTUF_HOST names none; default: the place's own */
export async function connect(context: Context, place: Place, first?: string): Promise<Connection> {
  const name = describePlace(place);
  if (place.kind === "layout") {
    const { createLayoutStore } = await import("@dtuf/registry/layout");
    const store = createLayoutStore({ directory: place.directory, onLockWait: tellWait(context) });
    return { place, name, store, close: () => Promise.resolve() };
  }
  const named = settingsHost(context) ?? first ?? place.host;
  const isMirror = first !== undefined && first !== place.host;
  if (named !== place.host && !isMirror) refuseFlagsForAnother(context, named, place.host);
  const client = await openRegistry(context, await readHostSettings(context, place.host, named));
  return { place, name, store: client.repository(place.repository), close: () => client.close() };
}

export type OpenedHost =
  | { readonly kind: "registry"; readonly host: string; readonly registry: RegistryClient }
  | { readonly kind: "embedded"; readonly root: string; readonly registry: LayoutRegistry };

export async function openHost(context: Context, chosen?: Host): Promise<OpenedHost> {
  const host = chosen ?? resolveHost(hostChoice(context));
  if (host.kind === "registry") {
    const named = settingsHost(context) ?? host.host;
    if (named !== host.host) refuseFlagsForAnother(context, named, host.host);
    const settings = await readHostSettings(context, host.host, named);
    return { ...host, registry: await openRegistry(context, settings) };
  }
  const { createLayoutRegistry } = await import("@dtuf/registry/layout");
  return { ...host, registry: createLayoutRegistry({ root: host.root, onLockWait: tellWait(context) }) };
}

/** A client that is exactly who it is told to be: for asking the registry whether it lets that one in. */
export async function openLogin(
  context: Context,
  host: string,
  credentials: CredentialProvider,
): Promise<RegistryClient> {
  const settings = await readHostSettings(context, host, settingsHost(context) ?? host);
  return openRegistry(context, { ...settings, credentials });
}

/** @param shared a transport that stays open when the client is closed; default: one of the client's own */
export async function openRegistry(
  context: Context,
  settings: HostSettings,
  shared?: Transport,
): Promise<RegistryClient> {
  const { createRegistryClient } = await import("@dtuf/registry/remote");
  const { io, terminal } = context;
  const { host, scheme, credentials, authHost, headers } = settings;
  return createRegistryClient({
    registry: host,
    ...{ scheme, credentials, authHost, headers },
    transport: shared ?? (await transportOptions(context, settings)),
    onWarning: (text) => terminal.note(`the registry warns: ${text}`),
    now: io.now,
    random: io.random,
  });
}

export async function openTransport(context: Context, settings: HostSettings): Promise<Transport> {
  const { createTransport } = await import("@dtuf/registry/http");
  return createTransport(await transportOptions(context, settings));
}

async function transportOptions(context: Context, settings: HostSettings): Promise<TransportOptions> {
  const { networkOf, readCertsDirectories } = await import("@dtuf/registry/http");
  const { describeRequest } = await import("./request-note.ts");
  const { io, values, terminal } = context;
  const family = values.text("ip-family");
  const { cert: _cert, key: _key, ...trust } = settings.tls;
  const itsOrigin = `https://${settings.host.replace(/:443$/, "")}`;
  const installed = await readCertsDirectories(certsDirectories(context));
  return {
    now: io.now,
    random: io.random,
    userAgent: `${context.program}/0`,
    ...(family === "4" || family === "6" ? { family: family === "4" ? (4 as const) : (6 as const) } : {}),
    proxy: await readProxies(io.env),
    tls: (origin) => {
      const found = installed(origin);
      if (origin === itsOrigin) return { ...found, ...settings.tls };
      return isNear(settings, new URL(origin).host) ? { ...found, ...trust } : found;
    },
    plainHttp: (asked) => {
      const isAllowed = settings.plainHttp === "near" ? isNear(settings, asked) : asked === settings.host;
      if (settings.plainHttp !== "refuse" && isAllowed) return "allow";
      return networkOf(hostName(asked)) === "loopback" ? "allow" : "refuse";
    },
    onRequest: (event) => {
      const { text, level } = describeRequest(event);
      terminal.note(text, level);
    },
  };
}

/** The host itself, whatever the port (its token server may have another), and auth-host. */
function isNear({ host, authHost }: HostSettings, asked: string): boolean {
  return [host, authHost ?? ""].map(hostName).includes(hostName(asked));
}

function hostName(host: string): string {
  return URL.parse(`http://${host}`)?.hostname ?? host;
}

function certsDirectories({ values, io }: Context): readonly string[] {
  const named = values.text("cert-dir");
  if (named !== undefined && named !== "") return [resolve(io.cwd, named)];
  const own = io.home === undefined ? [] : [`${io.home}/.config/containers/certs.d`];
  return [...own, "/etc/containers/certs.d", "/etc/docker/certs.d"];
}
