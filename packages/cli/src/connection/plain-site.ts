/** A plain TUF repository: `N.root.json` files behind a URL or in a directory. */
import { fileURLToPath } from "node:url";
import { createDirectorySource, createHttpSource, type Source } from "@dtuf/copy";
import type { Transport } from "@dtuf/registry/http";
import type { CredentialProvider } from "@dtuf/registry/remote";
import type { Context } from "../context/command.ts";
import { isGiven } from "../context/modes.ts";
import { UsageError } from "../context/usage.ts";
import { openTransport, readHeaders, settingsHost } from "./connection.ts";
import { findCredentials } from "./credentials.ts";

export interface PlainSite {
  readonly source: Source;
  close(): Promise<void>;
}

export interface PlainUrls {
  readonly metadataUrl: URL;
  /** Default: `targets/` beside the metadata. */
  readonly targetBaseUrl?: URL | undefined;
}

/** How a site is reached, and as whom. */
export interface Reach {
  readonly transport: Transport;
  readonly credentials: CredentialProvider;
  /** The user's own headers for that host[:port]. */
  readonly headers: (host: string) => Promise<Readonly<Record<string, string>>>;
}

export function parsePlainUrl(text: string): URL {
  const url = URL.parse(text.endsWith("/") ? text : `${text}/`);
  if (url === null || !["https:", "http:", "file:"].includes(url.protocol)) {
    throw new UsageError(`not a URL of https:, http: or file: ${JSON.stringify(text)}`);
  }
  return url;
}

/** User name, password, token and headers are for the host of DTUF_HOST, else for the host of the metadata. */
export async function reachSite(context: Context, host: string): Promise<Reach> {
  const named = settingsHost(context) ?? host;
  if (named !== host) refuseForAnother(context, named, host);
  return {
    transport: await openTransport(context, host),
    credentials: await findCredentials(context, named),
    headers: async (asked) => (asked === named ? readHeaders(context) : {}),
  };
}

/** @throws UsageError for a flag that says who we are to the host of DTUF_HOST, which is not asked */
function refuseForAnother({ values, variable }: Context, named: string, asked: string): void {
  const areOpen = (values.text("credentials-for") ?? "") !== "";
  const names = areOpen ? (["header"] as const) : (["username", "header"] as const);
  const refused = names.find((name) => isGiven(values, name) && values.origin(name) === "flag");
  if (refused === undefined) return;
  throw new UsageError(
    `${values.given(refused)} is for ${named}, which ${variable("host")} names, and not for ${asked}`,
    `--host ${asked}`,
  );
}

/** @param reach called for a URL of http: or https: */
export async function openPlainSite(urls: PlainUrls, reach: (host: string) => Promise<Reach>): Promise<PlainSite> {
  const { metadataUrl, targetBaseUrl = new URL("../targets/", metadataUrl) } = urls;
  if (metadataUrl.protocol === "file:") {
    const [metadataDirectory, targetDirectory] = [fileURLToPath(metadataUrl), fileURLToPath(targetBaseUrl)];
    return { source: createDirectorySource({ metadataDirectory, targetDirectory }), close: () => Promise.resolve() };
  }
  const { findSiteHeaders } = await import("@dtuf/registry/remote");
  const { transport, credentials, headers } = await reach(metadataUrl.host);
  const sent = new Map<string, Readonly<Record<string, string>>>();
  for (const url of [metadataUrl, targetBaseUrl]) {
    sent.set(url.origin, await findSiteHeaders({ url, credentials, headers: await headers(url.host) }));
  }
  const originHeaders = (origin: string): Readonly<Record<string, string>> => sent.get(origin) ?? {};
  const source = createHttpSource({ metadataUrl, targetBaseUrl, transport, originHeaders });
  return { source, close: () => transport.close() };
}
