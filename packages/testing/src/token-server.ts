/**
 * A token server for real registries (distribution's token and OAuth2 specifications): anonymous and Basic GET, POST with
 * a password or a refresh token. Its tokens are JWTs signed with ES256 that contain their certificate (x5c).
 */
import { createPrivateKey, randomUUID, sign, X509Certificate } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { KeyAndCertificate } from "./certificates.ts";

export interface TokenServerOptions {
  /** PEM; an EC P-256 key. The registry trusts the certificate. */
  readonly signer: KeyAndCertificate;
  readonly issuer: string;
  readonly service: string;
  /** Passwords by user name. Anonymous users may pull. */
  readonly users: Readonly<Record<string, string>>;
  /** Default 300. Registries allow 60 s of leeway, so an expired token has -70. */
  readonly ttlSeconds?: number;
  readonly now?: () => Date;
}

export interface TokenRequest {
  readonly method: string;
  /** "": anonymous. Undefined: refused. */
  readonly user: string | undefined;
  readonly scopes: readonly string[];
}

export interface TokenServer {
  /** The realm for a registry's challenge. */
  readonly realm: string;
  readonly requests: readonly TokenRequest[];
  stop(): Promise<void>;
}

interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

export async function createTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const requests: TokenRequest[] = [];
  const server = createServer((request, response) => {
    void serve(request, response).catch(() => response.destroy());
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "" } = request;
    const query = new URL(request.url ?? "/", "http://token.invalid").searchParams;
    const form = method === "POST" ? new URLSearchParams(await text(request)) : query;
    const user = method === "POST" ? userOfForm(form, options) : userOfHeader(request.headers.authorization, options);
    const scopes = form.getAll("scope").flatMap((list) => list.split(" ").filter((scope) => scope !== ""));
    requests.push({ method, user, scopes });
    response.setHeader("content-type", "application/json");
    if (user === undefined) return void response.writeHead(401).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
    const { now = () => new Date(), ttlSeconds = 300 } = options;
    const token = encodeToken(
      options,
      user,
      scopes.map((scope) => grant(scope, user)),
    );
    const offline = form.get("offline_token") === "true" || form.get("access_type") === "offline";
    response.end(
      JSON.stringify({
        token,
        access_token: token,
        expires_in: ttlSeconds,
        issued_at: now().toISOString(),
        ...(offline && user !== "" ? { refresh_token: `refresh-${user}` } : {}),
      }),
    );
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    realm: `http://127.0.0.1:${port}/token`,
    requests,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function userOfHeader(authorization: string | undefined, { users }: TokenServerOptions): string | undefined {
  if (authorization === undefined) return "";
  const encoded = /^Basic (.+)$/i.exec(authorization)?.[1] ?? "";
  const [, user, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, "base64").toString()) ?? [];
  return user !== undefined && users[user] === password ? user : undefined;
}

function userOfForm(form: URLSearchParams, { users }: TokenServerOptions): string | undefined {
  const name = form.get("username") ?? "";
  if (form.get("grant_type") === "password") return users[name] === form.get("password") ? name : undefined;
  const owner = /^refresh-(.+)$/.exec(form.get("refresh_token") ?? "")?.[1];
  return owner !== undefined && owner in users ? owner : undefined;
}

/** Users get the actions they ask for, anonymous users get `pull`. */
function grant(scope: string, user: string): Access {
  const [, type = "", name = "", actions = ""] = /^([^:]*):(.*):([^:]*)$/.exec(scope) ?? [];
  const wanted = actions.split(",");
  return { type, name, actions: user === "" ? wanted.filter((action) => action === "pull") : wanted };
}

function encodeToken(options: TokenServerOptions, user: string, access: readonly Access[]): string {
  const { signer, issuer, service, ttlSeconds = 300, now = () => new Date() } = options;
  const seconds = Math.floor(now().getTime() / 1000);
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
  const x5c = [new X509Certificate(signer.cert).raw.toString("base64")];
  // Issued in the past, so that an expired token was valid once.
  const begun = seconds - 600;
  const times = { exp: seconds + ttlSeconds, nbf: begun, iat: begun };
  const claims = { iss: issuer, sub: user, aud: service, ...times, jti: randomUUID(), access };
  const signed = `${encode({ typ: "JWT", alg: "ES256", x5c })}.${encode(claims)}`;
  const key = { key: createPrivateKey(signer.key), dsaEncoding: "ieee-p1363" } as const;
  return `${signed}.${sign("sha256", Buffer.from(signed), key).toString("base64url")}`;
}
