import {
  startScriptedServer,
  type ScriptedReply,
  type ScriptedServer,
  type SeenRequest,
} from "@dtuf/testing/scripted-server";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { afterEach, describe, expect, test } from "vitest";
import { createTransport } from "../../http/index.ts";
import { createAuthorizer, type Authorizer, type AuthorizerOptions, type Scope } from "./authorizer.ts";
import { createStaticCredentials, type Credential } from "../credentials/credentials.ts";

/* A registry and its token server on two ports of this machine; the test is the client between authorizer and registry. */

type Reply = ScriptedReply;

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()));
});

async function startServer(reply: (seen: SeenRequest) => Reply): Promise<ScriptedServer> {
  const server = await startScriptedServer(reply);
  cleanups.push(() => server.stop());
  return server;
}

const token = (value: string, more: object = {}): Reply => ({
  status: 200,
  body: JSON.stringify({ token: value, ...more }),
});
const pull: readonly Scope[] = [{ type: "repository", name: "fred/demo", actions: ["pull"] }];
const push: readonly Scope[] = [{ type: "repository", name: "fred/demo", actions: ["pull", "push"] }];
const alice: Credential = { kind: "basic", username: "alice", password: "planted:secret" };
const aliceBasic = `Basic ${Buffer.from("alice:planted:secret").toString("base64")}`;

const now = (): Date => new Date("2030-01-01T00:00:00Z");

function authorize(origin: string, credential?: Credential, more: Partial<AuthorizerOptions> = {}): Authorizer {
  const transport = createTransport({ now, random: () => 0, sleep: () => Promise.resolve() });
  cleanups.push(() => transport.close());
  const credentials = credential && createStaticCredentials(credential);
  return createAuthorizer({ registry: new URL(origin), transport, now, credentials, ...more });
}

const challengeOf = (origin: string, header: string, sent?: string): Parameters<Authorizer["answer"]>[0] => ({
  url: new URL("/v2/fred/demo/manifests/latest", origin),
  wwwAuthenticate: [header],
  sent,
});

/** A registry at an address without a listener: only its challenges matter. */
const registry = "http://127.0.0.1:1";
const bearer = (server: { origin: string }, more = ""): string =>
  `Bearer realm="${server.origin}/token",service="reg"${more}`;
const scopesOf = (seen: SeenRequest | undefined): string[] => seen?.query.getAll("scope") ?? [];

describe("a registry gets what its challenge asks for", () => {
  test("nothing is sent before it asks", async () => {
    expect(await authorize(registry, alice).current(pull)).toBeUndefined();
    const whole: Credential = { kind: "authorization", value: aliceBasic };
    expect(await authorize(registry, whole).current(pull)).toBeUndefined();
  });

  test.each([
    "repository:other/secret:pull,push",
    "repository:fred/demo:*",
    "repository:fred/demo:pull,push,delete registry:catalog:*",
    "*",
  ])("a challenge for %s gets a token for the scopes of the request only [T51]", async (scope) => {
    const server = await startServer(() => token("t"));
    const header = `Bearer realm="${server.origin}/token",scope="${scope}"`;
    expect(await authorize(registry, alice).answer(challengeOf(registry, header), pull)).toBe("Bearer t");
    expect(server.log.map(scopesOf)).toEqual([["repository:fred/demo:pull"]]);
  });

  test("anonymous: a token without credentials", async () => {
    const server = await startServer(() => token("anon"));
    const authorizer = authorize(registry);
    expect(await authorizer.answer(challengeOf(registry, bearer(server)), pull)).toBe("Bearer anon");
    expect(server.log.map((seen) => [seen.method, seen.authorization, scopesOf(seen)])).toEqual([
      ["GET", undefined, ["repository:fred/demo:pull"]],
    ]);
    expect(server.log[0]?.query.get("service")).toBe("reg");
    expect(await authorizer.current(pull)).toBe("Bearer anon");
  });

  test("Bearer is preferred, and Basic never sent to a registry that offers it", async () => {
    const server = await startServer(() => token("t"));
    const authorizer = authorize(registry, alice);
    const header = `Basic realm="x", ${bearer(server)}`;
    expect(await authorizer.answer(challengeOf(registry, header), pull)).toBe("Bearer t");
    expect(server.log[0]?.authorization).toBe(aliceBasic);
    expect(await authorizer.current(push)).toBe("Bearer t");
    expect(scopesOf(server.log[1])).toEqual(["repository:fred/demo:pull,push"]);
  });

  test("a Bearer challenge in a second header counts too", async () => {
    const server = await startServer(() => token("t"));
    const challenge = { ...challengeOf(registry, ""), wwwAuthenticate: ["Basic realm=x", bearer(server)] };
    expect(await authorize(registry, alice).answer(challenge, pull)).toBe("Bearer t");
  });

  test("a Bearer challenge without a realm is an error and does not lead to Basic", async () => {
    await expectRefused(
      authorize(registry, alice).answer(challengeOf(registry, "Bearer service=x, Basic realm=x"), pull),
      "OCI_RESPONSE_INVALID",
    );
  });

  test("Basic if it is offered alone, and nothing more after a refusal", async () => {
    const authorizer = authorize(registry, alice);
    expect(await authorizer.answer(challengeOf(registry, "Basic realm=x"), pull)).toBe(aliceBasic);
    expect(await authorizer.current(pull)).toBe(aliceBasic);
    expect(await authorizer.answer(challengeOf(registry, "Basic realm=x", aliceBasic), pull)).toBeUndefined();
  });

  test("a registry that wants Basic for its catalog only gets it there, and Bearer elsewhere", async () => {
    const server = await startServer(() => token("t"));
    const authorizer = authorize(registry, alice);
    await authorizer.answer(challengeOf(registry, bearer(server)), pull);
    expect(await authorizer.answer(challengeOf(registry, "Basic realm=x", "Bearer t"), [])).toBe(aliceBasic);
    expect(await authorizer.current(pull)).toBe("Bearer t");
  });

  test("Basic is not sent for a scheme that is neither", async () => {
    expect(await authorize(registry, alice).answer(challengeOf(registry, "Negotiate"), pull)).toBeUndefined();
    expect(await authorize(registry, alice).answer(challengeOf(registry, ""), pull)).toBeUndefined();
  });

  test("a complete Authorization value is sent to the token server, or to a registry that asks for no token", async () => {
    const server = await startServer(() => token("t"));
    const whole: Credential = { kind: "authorization", value: "Custom planted" };
    expect(await authorize(registry, whole).answer(challengeOf(registry, bearer(server)), pull)).toBe("Bearer t");
    expect(server.log[0]?.authorization).toBe("Custom planted");
    expect(await authorize(registry, whole).answer(challengeOf(registry, "Custom"), pull)).toBe("Custom planted");
  });

  test("a given token is sent at once and to no token server", async () => {
    const server = await startServer(() => token("other"));
    const authorizer = authorize(registry, { kind: "bearer", token: "given" });
    expect(await authorizer.current(pull)).toBe("Bearer given");
    expect(await authorizer.answer(challengeOf(registry, bearer(server), "Bearer given"), pull)).toBeUndefined();
    expect(server.log).toEqual([]);
  });

  test("a challenge from another origin gets nothing: a redirect's target, another port [T50, T55]", async () => {
    const server = await startServer(() => token("t"));
    for (const url of ["http://127.0.0.1:2/x", "https://127.0.0.1:1/x", "http://localhost:1/x"]) {
      for (const header of ["Basic realm=x", bearer(server)]) {
        const challenge = { ...challengeOf(registry, header), url: new URL(url) };
        expect(await authorize(registry, alice).answer(challenge, pull)).toBeUndefined();
      }
    }
    expect(server.log).toEqual([]);
  });

  test("no credential of any kind goes over plain http to another machine", async () => {
    const plain = "http://registry.example:5000";
    const insecure = { code: "OCI_INSECURE_CREDENTIALS" };
    await expect(authorize(plain, alice).answer(challengeOf(plain, "Basic realm=x"), pull)).rejects.toMatchObject(
      insecure,
    );
    await expect(authorize(plain, { kind: "bearer", token: "t" }).current(pull)).rejects.toMatchObject(insecure);
    await expect(
      authorize(plain, alice).answer(challengeOf(plain, 'Bearer realm="https://registry.example/token"'), pull),
    ).rejects.toMatchObject(insecure);
    const identity: Credential = { kind: "identity-token", token: "t" };
    await expect(
      authorize(plain, identity).answer(challengeOf(plain, 'Bearer realm="/token"'), pull),
    ).rejects.toMatchObject(insecure);
  });
});

describe("the token protocol", () => {
  test.each<[string, Reply]>([
    ["token", token("good")],
    ["access_token before token", token("other", { access_token: "good" })],
    ["token beside an empty access_token", token("good", { access_token: "" })],
    ["any content type", { ...token("good"), headers: { "content-type": "text/plain" } }],
  ])("reads %s", async (_, reply) => {
    const server = await startServer(() => reply);
    expect(await authorize(registry).answer(challengeOf(registry, bearer(server)), pull)).toBe("Bearer good");
  });

  test.each<[string, Reply, string]>([
    ["no JSON", { status: 200, body: "planted" }, "OCI_RESPONSE_INVALID"],
    ["no token", { status: 200, body: '{"x":"planted"}' }, "OCI_RESPONSE_INVALID"],
    ["a token that breaks out of its header", token("planted\r\nX: y"), "OCI_RESPONSE_INVALID"],
    ["more than 128 KiB", token("planted".repeat(20_000)), "OCI_LIMIT_EXCEEDED"],
    ["401", { status: 401, body: "planted" }, "OCI_UNAUTHORIZED"],
    ["403", { status: 403, body: "planted" }, "OCI_FORBIDDEN"],
    ["418", { status: 418, body: "planted" }, "OCI_STATUS"],
    ["500 repeatedly", { status: 500, body: "planted" }, "OCI_UNAVAILABLE"],
  ])("answers %s with %s, and no error shows a secret [T61, T69]", async (_, reply, code) => {
    const server = await startServer(() => reply);
    const failed = await authorize(registry, alice)
      .answer(challengeOf(registry, bearer(server)), pull)
      .catch((error: unknown) => error);
    expect(failed).toMatchObject({ code });
    const shown = JSON.stringify([String(failed), failed, (failed as Error).stack, String((failed as Error).cause)]);
    expect(shown).not.toMatch(/planted|YWxpY2U/);
  });

  test("keeps a realm's own query, works without a service, and sends every scope in its own parameter", async () => {
    const server = await startServer(() => token("t"));
    const header = `Bearer realm="${server.origin}/token?account=x%20y"`;
    const base: Scope = { type: "repository", name: "base", actions: ["pull"] };
    await authorize(registry).answer(challengeOf(registry, header), [...pull, base]);
    const query = server.log[0]?.query;
    expect(query?.get("account")).toBe("x y");
    expect(query?.has("service")).toBe(false);
    expect(query?.getAll("scope")).toEqual(["repository:fred/demo:pull", "repository:base:pull"]);
  });

  test("finds a relative realm at the registry", async () => {
    const server = await startServer(() => token("t"));
    const authorizer = authorize(server.origin, alice);
    expect(await authorizer.answer(challengeOf(server.origin, 'Bearer realm="/token"'), pull)).toBe("Bearer t");
  });

  test("an identity token is exchanged by POST, inside the body alone", async () => {
    const server = await startServer(() => token("t"));
    const authorizer = authorize(registry, { kind: "identity-token", token: "refresh" });
    expect(await authorizer.answer(challengeOf(registry, bearer(server)), pull)).toBe("Bearer t");
    const [seen] = server.log;
    expect([seen?.method, seen?.authorization, seen?.query.size]).toEqual(["POST", undefined, 0]);
    expect(Object.fromEntries(seen?.form ?? [])).toEqual({
      grant_type: "refresh_token",
      refresh_token: "refresh",
      service: "reg",
      client_id: "dtuf",
      scope: "repository:fred/demo:pull",
    });
  });

  test.each<[string, Reply]>([
    ["404", { status: 404 }],
    ["405", { status: 405 }],
    ["Harbor's 403", { status: 403, body: "'_xsrf' argument missing from POST" }],
  ])("an identity token is sent by GET if POST is answered with %s", async (_, reply) => {
    const server = await startServer(({ method }) => (method === "POST" ? reply : token("t")));
    const authorizer = authorize(registry, { kind: "identity-token", token: "refresh", username: "u" });
    expect(await authorizer.answer(challengeOf(registry, bearer(server)), pull)).toBe("Bearer t");
    expect(server.log[1]?.authorization).toBe(`Basic ${Buffer.from("u:refresh").toString("base64")}`);
  });

  test("a password is sent by POST if GET is not supported", async () => {
    const server = await startServer(({ method }) => (method === "GET" ? { status: 405 } : token("t")));
    expect(await authorize(registry, alice).answer(challengeOf(registry, bearer(server)), pull)).toBe("Bearer t");
    expect(server.log[1]?.form.get("password")).toBe("planted:secret");
  });

  test("a redirecting token server is followed without credentials, and never with a form [T53, T55]", async () => {
    const thief = await startServer(() => token("t"));
    const server = await startServer(({ query }) => ({
      status: 307,
      headers: { location: `${thief.origin}/steal?${query}` },
    }));
    await authorize(registry, alice).answer(challengeOf(registry, bearer(server)), pull);
    expect(thief.log.map(({ authorization }) => authorization)).toEqual([undefined]);
    const identity = authorize(registry, { kind: "identity-token", token: "refresh" });
    await expectRefused(identity.answer(challengeOf(registry, bearer(server)), pull), "OCI_REDIRECT_REFUSED");
    expect(thief.log).toHaveLength(1);
  });

  test("a realm on another host gets no request with credentials, and with authHost none at all [T51]", async () => {
    const elsewhere = await startServer(() => token("stolen"));
    const header = `Bearer realm="${elsewhere.origin.replace("127.0.0.1", "localhost")}/token"`;
    await expectRefused(authorize(registry, alice).answer(challengeOf(registry, header), pull), "OCI_REALM_REFUSED");
    const named = await startServer(() => token("t"));
    const authHost = new URL(named.origin).host;
    const authorizer = authorize(registry, alice, { authHost });
    expect(await authorizer.answer(challengeOf(registry, header), pull)).toBe("Bearer t");
    expect([elsewhere.log, named.log.map(({ path }) => path)]).toEqual([[], ["/token"]]);
  });
});
