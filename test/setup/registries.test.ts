import { request } from "node:https";
import { text } from "node:stream/consumers";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { registryOf } from "./registries.ts";

function basic({ username = "", password = "" }): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
}

describe("the real registries", () => {
  test("plain answers anyone", async () => {
    expect((await fetch(`${registryOf("plain").origin}/v2/`)).status).toBe(200);
  });

  test("basic answers those who know the password", async () => {
    const { origin, ...account } = registryOf("basic");
    const ping = async (headers?: Record<string, string>): Promise<number> =>
      (await fetch(`${origin}/v2/`, { ...(headers === undefined ? {} : { headers }) })).status;
    expect(await ping()).toBe(401);
    expect(await ping(basic({ ...account, password: "wrong" }))).toBe(401);
    expect(await ping(basic(account))).toBe(200);
  });

  test("token asks for a token, and takes the one that its server gives", async () => {
    const { origin, ...account } = registryOf("token");
    const start = `${origin}/v2/setup/token/blobs/uploads/`;
    const refused = await fetch(start, { method: "POST" });
    expect(refused.status).toBe(401);
    const challenge = refused.headers.get("www-authenticate") ?? "";
    const [, realm, service, scope] = /realm="(.*?)",service="(.*?)",scope="(.*?)"/.exec(challenge) ?? [];
    expect([service, scope?.startsWith("repository:setup/token:")]).toEqual(["test-registry", true]);
    const tokenOf = async (headers: Record<string, string>): Promise<string> => {
      const answered = await fetch(`${realm}?service=${service}&scope=${scope}`, { headers });
      return ((await answered.json()) as { token: string }).token;
    };
    const statusWith = async (token: string): Promise<number> =>
      (await fetch(start, { method: "POST", headers: { authorization: `Bearer ${token}` } })).status;
    expect(await statusWith(await tokenOf({}))).toBe(401);
    expect(await statusWith(await tokenOf(basic(account)))).toBe(202);
  });

  test("tls is trusted with its authority's certificate and not without", async () => {
    const { origin, ca } = registryOf("tls");
    const ping = (options: { ca?: string }): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const sent = request(`${origin}/v2/`, options, (response) => {
          void text(response).then(() => resolve(response.statusCode), reject);
        });
        sent.on("error", reject).end();
      });
    expect(await ping(ca === undefined ? {} : { ca })).toBe(200);
    await expectRefused(ping({}), "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
  });
});
