import { authorizationOf, type CredentialProvider } from "../credentials/credentials.ts";
import { requireSecure } from "./realm.ts";

/** A plain web server, without a token server. */
export interface SiteAccess {
  readonly url: URL;
  readonly credentials: CredentialProvider;
  /** The user's own headers, treated as secrets. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Returns the headers for every request to the server's origin: `HttpRequest.originHeaders`.
 * @throws OciError OCI_INSECURE_CREDENTIALS if they would be sent over plain http to another machine
 */
export async function findSiteHeaders(site: SiteAccess): Promise<Readonly<Record<string, string>>> {
  const credential = await site.credentials.find({ registry: site.url.host });
  const authorization = credential === undefined ? undefined : authorizationOf(credential);
  const headers = { ...site.headers, ...(authorization === undefined ? {} : { authorization }) };
  if (Object.keys(headers).length > 0) requireSecure(site.url);
  return headers;
}
