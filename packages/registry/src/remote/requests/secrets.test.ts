/** A registry says again what it was sent: in an error's code, message and detail, and in a Warning header. */
import { startScriptedServer } from "@dtuf/testing/scripted-server";
import { expect, test } from "vitest";
import type { OciError } from "../../errors.ts";
import { parseTag } from "../../tag.ts";
import { createRegistryClient, createStaticCredentials, type Credential } from "../index.ts";

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
