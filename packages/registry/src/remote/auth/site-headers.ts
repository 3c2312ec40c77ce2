import { authorizationOf, type CredentialProvider } from "../credentials/credentials.ts";
import { requireSecure } from "./realm.ts";

/** A plain web server, which hands out no tokens. */
export interface SiteAccess {
  readonly url: URL;
  readonly credentials: CredentialProvider;
  /** The user's own, as secret as credentials. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * What such a server is sent with every request, its origin alone: `HttpRequest.originHeaders`.
 * @throws OciError OCI_INSECURE_CREDENTIALS if they would go over plain http, and to another machine
 */
export async function findSiteHeaders(site: SiteAccess): Promise<Readonly<Record<string, string>>> {
  const credential = await site.credentials.find({ registry: site.url.host });
  const authorization = credential === undefined ? undefined : authorizationOf(credential);
  const headers = { ...site.headers, ...(authorization === undefined ? {} : { authorization }) };
  if (Object.keys(headers).length > 0) requireSecure(site.url);
  return headers;
}
