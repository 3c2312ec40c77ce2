/** Basic and Bearer for the hostile registry, which serves the token endpoint itself under /token. */
import { answer, errorAnswer, jsonAnswer, type Answer, type Route } from "./exchange.ts";

/** Passwords by user name. */
type Users = Readonly<Record<string, string>>;

export interface BasicAuth {
  readonly kind: "basic";
  readonly users: Users;
}

export interface BearerAuth {
  readonly kind: "bearer";
  readonly users?: Users;
  /** The actions of an anonymous token. Default "pull". */
  readonly anonymous?: "pull" | "none";
  /** Default 300. */
  readonly ttlSeconds?: number;
  readonly service?: string;
  /** The realm in the challenge. Default: this registry's own /token, absolute. */
  readonly realm?: string;
  /** The fields of the answer that contain the token. Default "both". */
  readonly tokenFields?: "token" | "access_token" | "both";
  /** Whether the token endpoint supports the OAuth2 POST. Default "known". */
  readonly post?: "known" | "unknown";
}

export type RegistryAuth = BasicAuth | BearerAuth;

export interface AuthRequest {
  readonly method: string;
  readonly url: URL;
  readonly authorization: string | undefined;
}

export interface Gate {
  /** The 401, or the function that says who may read what. */
  check(request: AuthRequest, route: Route): Answer | { readonly mayPull: (repository: string) => boolean };
  answerToken(request: AuthRequest, body: string): Answer;
  /** Invalidates every token issued so far. */
  expireTokens(): void;
}

export interface GateOptions {
  readonly auth: RegistryAuth | undefined;
  readonly origin: () => string;
  readonly now: () => Date;
}

const everyone = { mayPull: () => true };

export function createGate({ auth, origin, now }: GateOptions): Gate {
  const noToken = (): Answer => errorAnswer(404, "UNSUPPORTED", "no tokens here");
  if (auth === undefined) return { check: () => everyone, answerToken: noToken, expireTokens: () => undefined };
  if (auth.kind === "bearer") return createBearerGate(auth, origin, now);
  const challenge = { "www-authenticate": 'Basic realm="hostile registry"' };
  return {
    check: ({ authorization }) => (userOf(auth.users, authorization) === undefined ? refusal(challenge) : everyone),
    answerToken: noToken,
    expireTokens: () => undefined,
  };
}

function refusal(challenge: Answer["headers"]): Answer {
  const refused = errorAnswer(401, "UNAUTHORIZED", "authentication required");
  return { ...refused, headers: { ...refused.headers, ...challenge } };
}

/** The user of a Basic header with the right password. The caller handles a missing header. */
function userOf(users: Users, authorization: string | undefined): string | undefined {
  const encoded = /^Basic (.+)$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [, user, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, "base64").toString()) ?? [];
  return user !== undefined && users[user] === password ? user : undefined;
}

interface Token {
  /** Actions by "type:name". */
  readonly access: ReadonlyMap<string, ReadonlySet<string>>;
  readonly expires: number;
}

function createBearerGate(auth: BearerAuth, origin: () => string, now: () => Date): Gate {
  const tokens = new Map<string, Token>();
  let issued = 0;
  const { users = {}, ttlSeconds = 300, service = "hostile-registry" } = auth;

  function check(request: AuthRequest, route: Route): Answer | { mayPull: (repository: string) => boolean } {
    const text = /^Bearer (.+)$/i.exec(request.authorization ?? "")?.[1];
    const token = text === undefined ? undefined : tokens.get(text);
    const wanted = scopeOf(request.method, route);
    const live = token !== undefined && token.expires > now().getTime();
    if (live && (wanted === undefined || covers(token, wanted))) {
      return { mayPull: (repository) => covers(token, { key: `repository:${repository}`, actions: ["pull"] }) };
    }
    const error = text === undefined ? "" : live ? ',error="insufficient_scope"' : ',error="invalid_token"';
    const scope = wanted === undefined ? "" : `,scope="${wanted.key}:${wanted.actions.join(",")}"`;
    const realm = auth.realm ?? `${origin()}/token`;
    return refusal({ "www-authenticate": `Bearer realm="${realm}",service="${service}"${scope}${error}` });
  }

  function answerToken(request: AuthRequest, body: string): Answer {
    if (request.method === "POST" && auth.post === "unknown") return answer(404);
    const form = request.method === "POST" ? new URLSearchParams(body) : request.url.searchParams;
    const user = request.method === "POST" ? userOfForm(form) : userOf(users, request.authorization);
    const refused = errorAnswer(401, "UNAUTHORIZED", "wrong user or password");
    if (user === undefined && (request.method === "POST" || request.authorization !== undefined)) return refused;
    if (user === undefined && auth.anonymous === "none") return refused;
    issued += 1;
    const token = `token-${issued}`;
    const access = grant(form.getAll("scope"), user === undefined ? "reader" : "user");
    tokens.set(token, { access, expires: now().getTime() + ttlSeconds * 1000 });
    const offline = form.get("offline_token") === "true" || form.get("access_type") === "offline";
    return jsonAnswer(200, {
      ...(auth.tokenFields === "access_token" ? {} : { token }),
      ...(auth.tokenFields === "token" ? {} : { access_token: token }),
      expires_in: ttlSeconds,
      issued_at: now().toISOString(),
      ...(offline && user !== undefined ? { refresh_token: `refresh-${user}` } : {}),
    });
  }

  function userOfForm(form: URLSearchParams): string | undefined {
    const name = form.get("username") ?? "";
    if (form.get("grant_type") === "password") return users[name] === form.get("password") ? name : undefined;
    const owner = /^refresh-(.+)$/.exec(form.get("refresh_token") ?? "")?.[1];
    return owner !== undefined && owner in users ? owner : undefined;
  }

  return { check, answerToken, expireTokens: () => tokens.clear() };
}

interface Scope {
  readonly key: string;
  readonly actions: readonly string[];
}

function scopeOf(method: string, route: Route): Scope | undefined {
  if (route.to === "base") return undefined;
  if (route.to === "catalog") return { key: "registry:catalog", actions: ["*"] };
  const key = `repository:${route.name}`;
  if (method === "DELETE") return { key, actions: ["delete"] };
  return { key, actions: method === "GET" || method === "HEAD" ? ["pull"] : ["pull", "push"] };
}

function covers(token: Token, { key, actions }: Scope): boolean {
  const granted = token.access.get(key);
  return granted !== undefined && actions.every((action) => granted.has(action) || granted.has("*"));
}

function grant(scopes: readonly string[], to: "reader" | "user"): Token["access"] {
  const access = new Map<string, Set<string>>();
  for (const scope of scopes.flatMap((list) => list.split(" ")).filter((text) => text !== "")) {
    const [, key = "", actions = ""] = /^(.*):([^:]*)$/.exec(scope) ?? [];
    const granted = access.get(key) ?? new Set();
    for (const action of actions.split(",")) if (to === "user" || action === "pull") granted.add(action);
    access.set(key, granted);
  }
  return access;
}
