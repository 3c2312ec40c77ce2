import { setTimeout as delay } from "node:timers/promises";
import {
  startScriptedServer,
  type ScriptedReply,
  type ScriptedServer,
  type SeenRequest,
} from "@dtuf/testing/scripted-server";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTransport } from "../../http/index.ts";
import { createAuthorizer, type Authorizer, type AuthorizerOptions, type Scope } from "./authorizer.ts";
import type { Credential, CredentialProvider } from "../credentials/credentials.ts";

/* How long tokens live, who shares them, and what happens when they are refused. The clock is the test's. */

const registry = "http://127.0.0.1:1";
const start = Date.parse("2030-01-01T00:00:00Z");
let clock: number;
let issued: number;
let answerWith: (seen: SeenRequest) => ScriptedReply | Promise<ScriptedReply>;
let server: ScriptedServer;
const cleanups: (() => Promise<void>)[] = [];
const now = (): Date => new Date(clock);

beforeEach(async () => {
  clock = start;
  issued = 0;
  answerWith = () => token();
  server = await startScriptedServer((seen) => answerWith(seen));
  cleanups.push(() => server.stop());
});
afterEach(async () => {
  await Promise.all(cleanups.splice(0).map((cleanup) => cleanup()));
});

const token = (more: object = {}, headers: Record<string, string> = {}): ScriptedReply => ({
  status: 200,
  headers: { date: "", ...headers },
  body: JSON.stringify({ token: `t${(issued += 1)}`, ...more }),
});

function authorize(credentials?: CredentialProvider, more: Partial<AuthorizerOptions> = {}): Authorizer {
  const transport = createTransport({ now, random: () => 0, sleep: () => Promise.resolve() });
  cleanups.push(() => transport.close());
  return createAuthorizer({ registry: new URL(registry), transport, now, credentials, ...more });
}

const repository = (name: string, ...actions: string[]): Scope => ({ type: "repository", name, actions });
const pull = [repository("fred/demo", "pull")];
const push = [repository("fred/demo", "pull", "push")];

function challenge(sent?: string, more = ""): Parameters<Authorizer["answer"]>[0] {
  const wwwAuthenticate = [`Bearer realm="${server.origin}/token",service="reg"${more}`];
  return { url: new URL("/v2/", registry), wwwAuthenticate, sent };
}

const scopes = (): string[][] => server.log.map(({ query }) => query.getAll("scope"));
const basic = (password: string): Credential => ({ kind: "basic", username: "u", password });

describe("a token's life", () => {
  test.each<[string, object, number]>([
    ["60 s if the server sends no lifetime, replaced a quarter early", {}, 45],
    ["the server's lifetime, replaced 30 s early", { expires_in: 300 }, 270],
    ["seconds as text", { expires_in: "300" }, 270],
    ["60 s for an invalid lifetime", { expires_in: -1 }, 45],
    ["the rest of a token that is returned again", { expires_in: 300, issued_at: new Date(start - 100_000) }, 170],
    [
      "all of one from the future, because the local clock is late",
      { expires_in: 300, issued_at: new Date(start + 3_600_000) },
      270,
    ],
    [
      "all of one from the past, because the local clock is early",
      { expires_in: 300, issued_at: new Date(start - 3_600_000) },
      270,
    ],
    ["all of one with an invalid time", { expires_in: 300, issued_at: "yesterday" }, 270],
  ])("is %s", async (_, more, seconds) => {
    answerWith = () => token(more);
    const authorizer = authorize();
    await authorizer.answer(challenge(), pull);
    clock = start + seconds * 1000 - 1;
    expect(await authorizer.current(pull)).toBe("Bearer t1");
    clock += 1;
    expect(await authorizer.current(pull)).toBe("Bearer t2");
  });

  test("is computed with the server's clock if the response has it", async () => {
    const late = start - 7_200_000;
    const more = { expires_in: 300, issued_at: new Date(late - 100_000) };
    answerWith = () => token(more, { date: new Date(late).toUTCString() });
    const authorizer = authorize();
    await authorizer.answer(challenge(), pull);
    clock = start + 169_999;
    expect(await authorizer.current(pull)).toBe("Bearer t1");
    clock = start + 170_000;
    expect(await authorizer.current(pull)).toBe("Bearer t2");
  });

  test("each token is replaced before it expires for days, anonymous ones too", async () => {
    answerWith = () => token({ expires_in: 300 });
    const authorizer = authorize();
    await authorizer.answer(challenge(), pull);
    for (let minute = 0; minute < 60; minute++) {
      clock += 60_000;
      await authorizer.current(pull);
    }
    expect(issued).toBe(13);
  });
});

describe("a token is fetched once", () => {
  test("for all concurrent requests, with and without credentials", async () => {
    for (const credentials of [undefined, { find: () => Promise.resolve(basic("p")) }]) {
      issued = 0;
      const authorizer = authorize(credentials);
      const values = await Promise.all(Array.from({ length: 20 }, () => authorizer.answer(challenge(), pull)));
      expect([new Set(values), issued]).toEqual([new Set(["Bearer t1"]), 1]);
    }
  });

  test("and one aborted request does not abort the others", async () => {
    const leaving = new AbortController();
    answerWith = async () => {
      leaving.abort(new Error("had to go"));
      await delay(20);
      return token();
    };
    const authorizer = authorize();
    const results = await Promise.allSettled([
      authorizer.answer(challenge(), pull, leaving.signal),
      authorizer.answer(challenge(), pull),
    ]);
    expect(results).toMatchObject([{ reason: { message: "had to go" } }, { value: "Bearer t1" }]);
    expect(server.log).toHaveLength(1);
  });

  test("for the scopes that it covers; other repositories and more actions have their own", async () => {
    const authorizer = authorize();
    await authorizer.answer(challenge(), push);
    expect(await authorizer.current(push)).toBe("Bearer t1");
    expect(await authorizer.current(pull)).toBe("Bearer t1");
    expect(await authorizer.current([repository("fred/other", "pull")])).toBe("Bearer t2");
    expect(await authorizer.current([repository("fred/demo", "delete")])).toBe("Bearer t3");
  });

  test("for each identity: one repository's credentials fetch no token for another, not even to mount [T65]", async () => {
    const credentials: CredentialProvider = {
      find: ({ repository: name }) => Promise.resolve(basic(name?.startsWith("fred/") === true ? "fred" : "other")),
    };
    const authorizer = authorize(credentials);
    await authorizer.answer(challenge(), [...push, repository("fred/base", "pull"), repository("bob/base", "pull")]);
    expect(scopes()).toEqual([["repository:fred/demo:pull,push", "repository:fred/base:pull"]]);
    await authorizer.current([repository("bob/base", "pull")]);
    const [first, second] = server.log.map(({ authorization }) => authorization);
    expect(first).not.toBe(second);
  });
});

describe("a refused token", () => {
  test("is replaced once for all refused requests", async () => {
    const authorizer = authorize();
    await authorizer.answer(challenge(), pull);
    const refused = challenge("Bearer t1", ',error="invalid_token"');
    const values = await Promise.all([1, 2, 3].map(() => authorizer.answer(refused, pull)));
    expect(values).toEqual(["Bearer t2", "Bearer t2", "Bearer t2"]);
    expect(await authorizer.answer(refused, pull)).toBe("Bearer t2");
    expect(issued).toBe(2);
  });

  test("of too small a scope is not replaced by one for more than the request needs", async () => {
    const authorizer = authorize();
    await authorizer.answer(challenge(), pull);
    const demand = ',scope="repository:fred/demo:pull,push",error="insufficient_scope"';
    expect(await authorizer.answer(challenge("Bearer t1", demand), pull)).toBeUndefined();
    expect(await authorizer.answer(challenge("Bearer t1", demand), push)).toBe("Bearer t2");
    expect(await authorizer.answer(challenge("Bearer t2", demand), push)).toBeUndefined();
    expect(scopes()).toEqual([["repository:fred/demo:pull"], ["repository:fred/demo:pull,push"]]);
  });

  test("is fetched again with credentials that their provider has renewed", async () => {
    let password = "monday";
    const credentials: CredentialProvider = { find: () => Promise.resolve(basic(password)) };
    const monday = `Basic ${Buffer.from("u:monday").toString("base64")}`;
    const authorizer = authorize(credentials);
    await authorizer.answer(challenge(), pull);
    password = "tuesday";
    answerWith = ({ authorization }) => (authorization === monday ? { status: 401 } : token());
    clock += 120_000;
    expect(await authorizer.current(pull)).toBe("Bearer t2");
  });

  test("does not ask the provider again for a password that was just wrong", async () => {
    let asked = 0;
    const credentials: CredentialProvider = { find: () => Promise.resolve(basic(`wrong ${(asked += 1)}`)) };
    answerWith = () => ({ status: 401 });
    await expectRefused(authorize(credentials).answer(challenge(), pull), "OCI_UNAUTHORIZED");
    expect([asked, server.log.length]).toEqual([1, 1]);
  });

  test("of Basic is replaced if the provider has another by now", async () => {
    let password = "old";
    const authorizer = authorize({ find: () => Promise.resolve(basic(password)) });
    const plain = (sent?: string): Parameters<Authorizer["answer"]>[0] => ({
      ...challenge(sent),
      wwwAuthenticate: ["Basic"],
    });
    const old = await authorizer.answer(plain(), pull);
    password = "new";
    expect(await authorizer.answer(plain(old), pull)).toBeUndefined();
    clock += 60_000;
    expect(await authorizer.answer(plain(old), pull)).toBe(`Basic ${Buffer.from("u:new").toString("base64")}`);
  });
});

describe("a provider is asked", () => {
  test("once an hour for each repository, also for concurrent requests", async () => {
    const asked: unknown[] = [];
    const authorizer = authorize({ find: async (target) => void asked.push(target) }, { name: "corp.example" });
    await Promise.all([authorizer.current(pull), authorizer.current(push), authorizer.current([])]);
    expect(asked).toEqual([{ registry: "corp.example", repository: "fred/demo" }, { registry: "corp.example" }]);
    clock += 3_600_000;
    await authorizer.current(pull);
    expect(asked).toHaveLength(3);
  });

  test("and a token fetched with credentials that it no longer returns is not used any more", async () => {
    answerWith = () => token({ expires_in: 86_400 });
    let password = "monday";
    const authorizer = authorize({ find: () => Promise.resolve(basic(password)) });
    await authorizer.answer(challenge(), pull);
    password = "tuesday";
    expect(await authorizer.current(pull)).toBe("Bearer t1");
    clock += 3_600_000;
    expect(await authorizer.current(pull)).toBe("Bearer t2");
  });

  test("and its failure ends the request: nothing is tried without credentials [T62]", async () => {
    const failure = new Error("helper is gone");
    const authorizer = authorize({ find: () => Promise.reject(failure) });
    await expect(authorizer.answer(challenge(), pull)).rejects.toBe(failure);
    expect(server.log).toEqual([]);
  });
});

describe("a token for explicit actions", () => {
  const asRegistry =
    (path: string, status: number): ((seen: SeenRequest) => ScriptedReply) =>
    (seen) =>
      seen.path === "/token"
        ? token()
        : seen.path === path
          ? { status, headers: { "www-authenticate": 'Bearer realm="/token"' } }
          : { status: 200 };

  test.each(["/v2/", "/v2/fred/demo/tags/list"])("is fetched after a challenge at %s", async (path) => {
    answerWith = asRegistry(path, 401);
    expect(await authorize(undefined, { registry: new URL(server.origin) }).token(push)).toBe("t1");
    expect(scopes().at(-1)).toEqual(["repository:fred/demo:pull,push"]);
  });

  test("is undefined if the registry asks for none", async () => {
    answerWith = asRegistry("/v2/", 200);
    expect(await authorize(undefined, { registry: new URL(server.origin) }).token(push)).toBeUndefined();
  });

  test("is undefined if the registry wants a password", async () => {
    answerWith = () => ({ status: 401, headers: { "www-authenticate": "Basic realm=x" } });
    const credentials = { find: () => Promise.resolve(basic("p")) };
    expect(await authorize(credentials, { registry: new URL(server.origin) }).token(push)).toBeUndefined();
  });
});
