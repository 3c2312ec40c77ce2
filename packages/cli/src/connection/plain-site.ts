/** A plain TUF repository: `N.root.json` files behind a URL or in a directory. */
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createDirectorySource, createHttpSource, targetsBeside, type Source } from "@dtuf/copy";
import type { Transport } from "@dtuf/registry/http";
import type { CredentialProvider } from "@dtuf/registry/remote";
import type { Context } from "../context/command.ts";
import { isPlainUrl } from "../context/grammar/grammar.ts";
import { UsageError } from "../context/usage.ts";
import { openTransport } from "./connection.ts";
import { readHostSettings, refuseFlagsForAnother, settingsHost, type HostSettings } from "./host-settings.ts";

export interface PlainSite {
  readonly source: Source;
  close(): Promise<void>;
}

export interface PlainRepository {
  readonly metadataUrl: URL;
  /** Default: `targets/` beside the metadata. */
  readonly targetBaseUrl?: URL | undefined;
  /** `HttpSourceOptions.absentRootStatus` */
  readonly absentRootStatus?: 403 | undefined;
}

/** How a site is reached, and as whom. */
export interface Reach {
  readonly transport: Transport;
  readonly credentials: CredentialProvider;
  /** The user's own headers for that host[:port]. */
  readonly headers: (host: string) => Readonly<Record<string, string>>;
}

/** What the settings say of the repository at that URL. */
export function plainRepositoryAt(metadataUrl: URL, { values }: Context): PlainRepository {
  const targets = values.text("target-base-url") || undefined;
  return {
    metadataUrl,
    targetBaseUrl: targets === undefined ? undefined : parsePlainUrl(targets),
    absentRootStatus: values.text("absent-root-status") === "403" ? 403 : undefined,
  };
}

/** The value of metadata-url: a URL, or a directory. */
export function plainUrlOf({ io }: Context, text: string): URL {
  return parsePlainUrl(isPlainUrl(text) ? text : pathToFileURL(resolve(io.cwd, text)).href);
}

/** A query (a SAS token, a signature) stays a query: it goes with every file below the URL. */
export function parsePlainUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !["https:", "http:", "file:"].includes(url.protocol)) {
    throw new UsageError("not a URL of https:, http: or file:");
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError(
      `a URL for ${url.host} with a user name or a password in it`,
      "DTUF_USERNAME and DTUF_PASSWORD",
    );
  }
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

/** As the state records it and events show it: a query is a secret. */
export function describePlainUrl({ protocol, href, origin, pathname }: URL): string {
  return protocol === "file:" ? href : `${origin}${pathname}`;
}

/**
 * User name, password, token, headers and TLS settings are for the host of DTUF_HOST, else for the host of the metadata.
 * @param mirror the site is a mirror of a repository on the host `of`, which the settings are for; undefined: on none
 */
export async function reachSite(
  context: Context,
  url: URL,
  mirror?: { readonly of: string | undefined },
): Promise<Reach> {
  const { host } = url;
  const named = settingsHost(context) ?? mirror?.of ?? host;
  if (named !== host && mirror?.of === undefined) refuseFlagsForAnother(context, named, host);
  const read = await readHostSettings(context, host, named);
  const settings = mirror === undefined ? read : asSpelled(read, url);
  return {
    transport: await openTransport(context, settings),
    credentials: settings.credentials,
    headers: (asked) => (asked === host ? settings.headers : {}),
  };
}

/** A mirror whose URL is spelled with http: is asked in plain HTTP: what it serves is verified, and no secret is sent. */
export function asSpelled(settings: HostSettings, { protocol }: URL): HostSettings {
  return protocol === "http:" && settings.plainHttp === "refuse" ? { ...settings, plainHttp: "host" } : settings;
}

/** @param reach called for a URL of http: or https: */
export async function openPlainSite(
  repository: PlainRepository,
  reach: (url: URL) => Promise<Reach>,
): Promise<PlainSite> {
  const { metadataUrl, targetBaseUrl = targetsBeside(metadataUrl), absentRootStatus } = repository;
  if (metadataUrl.protocol === "file:") {
    const [metadataDirectory, targetDirectory] = [fileURLToPath(metadataUrl), fileURLToPath(targetBaseUrl)];
    return { source: createDirectorySource({ metadataDirectory, targetDirectory }), close: () => Promise.resolve() };
  }
  const { findSiteHeaders } = await import("@dtuf/registry/remote");
  const { transport, credentials, headers } = await reach(metadataUrl);
  const sent = new Map<string, Readonly<Record<string, string>>>();
  for (const url of [metadataUrl, targetBaseUrl]) {
    sent.set(url.origin, await findSiteHeaders({ url, credentials, headers: headers(url.host) }));
  }
  const originHeaders = (origin: string): Readonly<Record<string, string>> => sent.get(origin) ?? {};
  const source = createHttpSource({ metadataUrl, targetBaseUrl, absentRootStatus, transport, originHeaders });
  return { source, close: () => transport.close() };
}
