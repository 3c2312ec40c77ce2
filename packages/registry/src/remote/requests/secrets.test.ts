/** A registry says again what it was sent: in an error's code, message and detail, and in a Warning header. */
import { inspect } from "node:util";
import { startScriptedServer, type ScriptedReply } from "@dtuf/testing/scripted-server";
import { describe, expect, test } from "vitest";
import { digestOf } from "../../oci/digest.ts";
import { OciError } from "../../errors.ts";
import { parseTag } from "../../oci/tag.ts";
import { createRegistryClient, createStaticCredentials, type Credential } from "../index.ts";
import { createSecretKeeper } from "./secrets.ts";

const password = "hunter2-secret";
const basic = Buffer.from(`fred:${password}`).toString("base64");

interface Case {
  readonly credential: Credential;
  readonly headers?: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
}

test.each<[string, Case]>([
  ["a bearer token", { credential: { kind: "bearer", token: "token-of-fred" }, secrets: ["token-of-fred"] }],
  ["a password", { credential: { kind: "basic", username: "fred", password }, secrets: [password, basic] }],
  ["a whole value", { credential: { kind: "authorization", value: "Own of-fred-1" }, secrets: ["of-fred-1"] }],
  [
    "a header of the user",
    { credential: { kind: "anonymous" }, headers: { "X-Key": "key-of-fred" }, secrets: ["key-of-fred"] },
  ],
])("%s that the registry says again comes into no error and no warning [T61]", async (_what, given) => {
  const server = await startScriptedServer(({ authorization = "" }) => {
    if (given.credential.kind !== "anonymous" && authorization === "") {
      return { status: 401, headers: { "www-authenticate": "Basic" } };
    }
    const echo = `you sent ${[authorization, ...given.secrets].join(" ")}!`;
    const errors = [{ code: echo, message: echo, detail: { got: echo } }];
    return { status: 400, headers: { warning: `299 - "${echo}"` }, body: JSON.stringify({ errors }) };
  });
  const warnings: string[] = [];
  const client = createRegistryClient({
    registry: new URL(server.origin).host,
    scheme: "http",
    credentials: createStaticCredentials(given.credential),
    headers: given.headers,
    onWarning: (text) => warnings.push(text),
  });
  const error: unknown = await client
    .repository("fred/demo")
    .resolve(parseTag("any"), { want: "bytes" })
    .catch((thrown: unknown) => thrown);
  await client.close();
  await server.stop();
  const { code, message, details } = error as OciError;
  expect(code).toBe("OCI_STATUS");
  const shown = JSON.stringify([message, details, warnings]);
  expect(shown).toMatch(/you sent .*\[secret\]/);
  expect(warnings).toHaveLength(1);
  for (const secret of given.secrets) expect(shown).not.toContain(secret);
});

test("a token that the registry puts into the address of an upload is not reported with its requests [T61]", async () => {
  const server = await startScriptedServer(({ path, authorization }) => {
    if (authorization === undefined) return { status: 401, headers: { "www-authenticate": "Basic" } };
    if (path.startsWith("/session")) return { status: 400 };
    return { status: 202, headers: { location: `/session/${basic}` } };
  });
  const urls: string[] = [];
  const client = createRegistryClient({
    registry: new URL(server.origin).host,
    scheme: "http",
    credentials: createStaticCredentials({ kind: "basic", username: "fred", password }),
    transport: { onRequest: ({ url }) => void urls.push(url) },
  });
  const content = Buffer.from("content");
  const put = client
    .repository("fred/demo")
    .put({ mediaType: "text/plain", digest: digestOf(content), size: content.length }, content);
  await expect(put).rejects.toMatchObject({ code: "OCI_STATUS" });
  await client.close();
  await server.stop();
  expect(urls.join("\n")).toContain("/session/[secret]");
  expect(urls.join("\n")).not.toContain(basic);
});

/** The error of a pull at a server that answers so, with what it was sent. */
async function errorAt(
  answer: (sent: string, url: string) => ScriptedReply,
  { secret = password, warn = [] }: { readonly secret?: string; readonly warn?: string[] } = {},
): Promise<OciError> {
  const server = await startScriptedServer(({ authorization = "", path }) => answer(authorization, path));
  const client = createRegistryClient({
    registry: new URL(server.origin).host,
    scheme: "http",
    credentials: createStaticCredentials({ kind: "basic", username: "fred", password: secret }),
    onWarning: (text) => warn.push(text),
  });
  const error: unknown = await client
    .repository("fred/demo")
    .resolve(parseTag("any"), { want: "bytes" })
    .catch((thrown: unknown) => thrown);
  await client.close();
  await server.stop();
  return error as OciError;
}

const everything = (error: unknown): string => inspect(error, { depth: 20, showHidden: true });
const challenge = { status: 401, headers: { "www-authenticate": "Basic" } } as const;

describe("a secret that the registry says again comes into no error [T61]:", () => {
  test.each<[string, (secret: string) => ScriptedReply]>([
    ["in Retry-After", (secret) => ({ status: 400, headers: { "retry-after": secret } })],
    ["in other letters", (secret) => ({ status: 400, body: `you sent ${secret.toUpperCase()}` })],
    ["in a media type", (secret) => ({ status: 200, headers: { "content-type": `x/${secret}` }, body: "{}" })],
    ["in a manifest", (secret) => ({ status: 200, body: JSON.stringify({ mediaType: secret, schemaVersion: 2 }) })],
    ["in a content coding", (secret) => ({ status: 200, headers: { "content-encoding": secret }, body: "{}" })],
    ["in a digest", (secret) => ({ status: 200, headers: { "docker-content-digest": secret }, body: "{}" })],
    ["in a realm", (secret) => ({ status: 401, headers: { "www-authenticate": `Bearer realm="https://${secret}/"` } })],
    ["in a redirect to another origin", (secret) => ({ status: 307, headers: { location: `http://${secret}.test/` } })],
  ])("%s", async (_what, answer) => {
    const error = await errorAt((sent) => (sent === "" ? challenge : answer(password)));
    expect(error.code).toMatch(/^OCI_/);
    expect(everything(error).toLowerCase()).not.toContain(password);
  });

  test.each([
    ["as it is", (secret: string) => encodeURIComponent(secret)],
    [
      "with every character encoded",
      (secret: string) => `%${Buffer.from(secret).toString("hex").match(/../g)?.join("%")}`,
    ],
  ])("in the path of a redirect on the same origin, %s", async (_what, encode) => {
    const error = await errorAt((sent, url) => {
      if (sent === "") return challenge;
      if (url.startsWith("/moved")) return { status: 400 };
      return { status: 307, headers: { location: `/moved/${encode(password)}` } };
    });
    expect(error.code).toBe("OCI_STATUS");
    expect(decodeURIComponent(everything(error))).not.toContain(password);
  });

  test("escaped in the JSON of a detail", async () => {
    const secret = String.raw`hunter"2\secret`;
    const detail = { got: [`x ${secret} y`] };
    const body = JSON.stringify({ errors: [{ code: "DENIED", message: "no", detail }] });
    const error = await errorAt((sent) => (sent === "" ? challenge : { status: 400, body }), { secret });
    expect(error.message).toContain("x [secret] y");
    expect(everything(error)).not.toContain("hunter");
  });

  test("a password that only the token server was sent", async () => {
    const error = await errorAt((sent, url) => {
      if (url.startsWith("/token")) return { status: 200, body: JSON.stringify({ token: "a-token" }) };
      if (sent === "") return { status: 401, headers: { "www-authenticate": 'Bearer realm="/token"' } };
      return { status: 400, body: `we know ${password}` };
    });
    expect(error.message).toContain("we know [secret]");
  });

  test("and an error without a secret is the very error that was thrown", () => {
    const { clean, rememberCredential } = createSecretKeeper();
    rememberCredential({ kind: "bearer", token: password });
    const cause = new OciError("OCI_STATUS", "as it was");
    const error = new OciError("OCI_UNAVAILABLE", "fine", { details: { status: 503, names: ["a"] }, cause });
    expect(clean(error)).toBe(error);
    expect(clean(new TypeError(password))).toBeInstanceOf(TypeError);
    const dirty = clean(new OciError("OCI_STATUS", "fine", { cause: new Error(`sent ${password}`) }));
    expect(everything(dirty)).not.toContain(password);
  });
});
