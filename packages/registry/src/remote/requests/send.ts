/**
 * Sends one authorized request to a registry: with the known header first, then with answers to 401 responses.
 * Credentials and the user's own headers are sent to the registry's own origin only, whatever address was supplied,
 * and not over plain http, because any of the headers (`X-Api-Key` …) may be a secret.
 */
import {
  originOf,
  type HttpBody,
  type HttpMethod,
  type HttpRequest,
  type HttpResponse,
  type Network,
  type Transport,
  type RetryBudget,
} from "../../http/index.ts";
import type { Authorizer, Scope } from "../auth/authorizer.ts";
import { requireSecure } from "../auth/realm.ts";
import { registryError } from "./registry-error.ts";
import { withCleanErrors, type SecretKeeper } from "./secrets.ts";

export interface RegistryRequest {
  readonly method: HttpMethod;
  readonly url: URL;
  readonly scopes: readonly Scope[];
  /** Statuses that the caller handles; they are not retried. Any other status is thrown as an error. */
  readonly expect: readonly number[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | HttpBody;
  readonly retries?: "retry" | "refused" | "once";
  /** "none": never sent, because another origin supplied the address. Default "own": sent if `url` has the registry's origin. */
  readonly credentials?: "own" | "none";
  readonly retryBudget?: RetryBudget | undefined;
  readonly connection?: "any" | "new";
  readonly allowedNetwork?: Network | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * @throws OciError OCI_UNAUTHORIZED, OCI_FORBIDDEN, OCI_NOT_FOUND, OCI_UNSUPPORTED, OCI_UNAVAILABLE or OCI_STATUS for a
 *   status that is not expected (`details.registryCodes` has the registry's error codes), and as `Transport.send`
 */
export type Send = (request: RegistryRequest) => Promise<HttpResponse>;

export interface SendOptions {
  readonly base: URL;
  readonly transport: Transport;
  readonly authorizer: Authorizer;
  readonly headers: Readonly<Record<string, string>>;
  readonly warn: (headers: readonly string[]) => void;
  readonly secrets: SecretKeeper;
}

export function createSend(options: SendOptions): Send {
  const { base, secrets } = options;
  const origin = originOf(base);
  const send: Send = async (request) => {
    const own = request.credentials !== "none" && originOf(request.url) === origin;
    const response = own ? await sendAuthorized(options, request) : await transmit(options, request, undefined);
    const speaker = originOf(response.url) === origin ? "registry" : "other";
    const warnings = speaker === "registry" ? response.headers.all("warning") : [];
    options.warn(warnings.map(secrets.cut));
    if (request.expect.includes(response.status)) return response;
    throw await registryError(request.method, response, { speaker, cut: secrets.cut });
  };
  return withCleanErrors({ send }, secrets.clean).send;
}

/** The first token may have too small a scope. A third answer would not differ from the second. */
const answersMax = 2;

async function sendAuthorized(options: SendOptions, request: RegistryRequest): Promise<HttpResponse> {
  const { authorizer, headers, base, secrets } = options;
  const { scopes, signal } = request;
  if (Object.keys(headers).some((name) => name.toLowerCase() !== "user-agent")) requireSecure(base, "headers");
  let sent = await authorizer.current(scopes, signal);
  for (let answers = 0; ; answers += 1) {
    const own = authorized(headers, sent);
    secrets.rememberHeaders(own);
    const response = await transmit(options, request, own);
    const { url, network } = response;
    if (response.status !== 401 || originOf(url) !== originOf(options.base)) return response;
    // Reads the body before a token is fetched, because a token server on the same host may need the connection.
    const refusal = await registryError(request.method, response, { speaker: "registry", cut: secrets.cut });
    const wwwAuthenticate = await findChallenge(options, request, response);
    const answer =
      answers < answersMax
        ? await authorizer.answer({ url, network, wwwAuthenticate, sent }, scopes, signal)
        : undefined;
    if (answer === undefined) throw refusal;
    sent = answer;
  }
}

/** Asks `/v2/` if the 401 has no challenge, because Google's registries send it only there. */
async function findChallenge(
  { base, transport }: SendOptions,
  { signal }: RegistryRequest,
  refused: HttpResponse,
): Promise<readonly string[]> {
  const challenge = refused.headers.all("www-authenticate");
  if (challenge.length > 0) return challenge;
  const response = await transport.send({ method: "GET", url: new URL("/v2/", base), redirects: "return", signal });
  await response.discard();
  return response.status === 401 ? response.headers.all("www-authenticate") : [];
}

function authorized(
  headers: Readonly<Record<string, string>>,
  authorization: string | undefined,
): Readonly<Record<string, string>> {
  return authorization === undefined ? headers : { ...headers, authorization };
}

function transmit(
  { transport }: SendOptions,
  {
    method,
    url,
    headers,
    body,
    retries,
    connection = "any",
    retryBudget,
    expect,
    allowedNetwork,
    signal,
  }: RegistryRequest,
  originHeaders: Readonly<Record<string, string>> | undefined,
): Promise<HttpResponse> {
  const request: HttpRequest = {
    method,
    url,
    redirects: "follow",
    answers: expect,
    retryBudget,
    connection,
    allowedNetwork,
    signal,
    ...(headers === undefined ? {} : { headers }),
    ...(originHeaders === undefined ? {} : { originHeaders }),
    ...(body === undefined ? {} : { body }),
    ...(retries === undefined ? {} : { retries }),
  };
  return transport.send(request);
}
