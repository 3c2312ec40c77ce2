import { createHash, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { createSigner, signDocument, specVersion, verifyDocument, type Document, type Signer } from "@dtuf/tuf";
import { startHttpServer, type HttpLoopbackServer } from "@dtuf/testing/http-servers";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openSigner, type OpenSignerOptions } from "./index.ts";

const ed25519 = generateKeyPairSync("ed25519").privateKey;
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const pem = (key: KeyObject): string => String(key.export({ format: "pem", type: "pkcs8" }));
const publicPem = (key: KeyObject): string => String(createPublicKey(key).export({ format: "pem", type: "spki" }));

const document: Document = {
  ...{ type: "targets", specVersion, version: 1, expires: new Date("2040-01-01"), targets: new Map() },
  unrecognized: {},
};

/** What the publisher does with a signer: `signDocument` verifies the signature before it is written. */
async function versionSignedWith(signer: Signer): Promise<number> {
  const role = { keyIds: [signer.keyId], threshold: 1, unrecognized: {} };
  const file = await signDocument(document, [signer]);
  return verifyDocument(file, { keys: new Map([[signer.keyId, signer.key]]), role }, "targets").version;
}

const directory = useDirectory();
describe("a key in a file or in a variable", () => {
  test("signs under file2:, file: and envvar:, with securesystemslib's prefix too", async () => {
    const path = join(directory, "key");
    await writeFile(path, pem(ed25519), { mode: 0o600 });
    expect(await versionSignedWith(await openSigner(`file2:${path}`, { env: {} }))).toBe(1);
    expect(
      await versionSignedWith(await openSigner("file2:key", { env: { CRYPTO_SIGNER_PATH_PREFIX: `${directory}/` } })),
    ).toBe(1);
    expect(await versionSignedWith(await openSigner(`file:${path}?encrypted=false`, { env: {} }))).toBe(1);
    expect(await versionSignedWith(await openSigner("envvar:RELEASE_KEY", { env: { RELEASE_KEY: pem(p256) } }))).toBe(
      1,
    );
  });

  test("that is not there, or is another one than was asked for, is refused", async () => {
    await expectRefused(openSigner(`file2:${directory}/none`, { env: {} }), "SIGNER_NOT_FOUND");
    await expectRefused(openSigner(`file2:${directory}`, { env: {} }), "SIGNER_KEY_INVALID");
    await expectRefused(openSigner("envvar:NONE", { env: {} }), "SIGNER_NOT_FOUND");
    const options = { env: { KEY: pem(ed25519) }, key: createSigner(p256).key };
    await expectRefused(openSigner("envvar:KEY", options), "SIGNER_KEY_DIFFERS");
  });

  test.for(["", "key", "rot13:key", "file:key?encrypted=perhaps", "hv:key", "exec: ", "file2:a\nb"])(
    "under %j is no signer's URI",
    (uri) => expectRefused(openSigner(uri, { env: {} }), "SIGNER_URI_INVALID"),
  );
});

describe("exec: a command that signs", () => {
  async function command(body: string): Promise<string> {
    const file = join(directory, "the signer.mjs");
    await writeFile(join(directory, "key"), pem(ed25519));
    await writeFile(
      file,
      `import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
const key = createPrivateKey(readFileSync(new URL("key", import.meta.url)));
const action = process.argv[2];
${body}`,
    );
    return `exec:${process.execPath.replaceAll(" ", "%20")} ${file.replaceAll(" ", "%20")}`;
  }

  const good = `process.stdout.write(action === "sign"
  ? sign(null, readFileSync(0), key)
  : createPublicKey(key).export({ format: "pem", type: "spki" }));`;

  test("gets the payload on stdin, and no secret in its environment [T181]", async () => {
    const env = { PATH: process.env["PATH"], DTUF_KEY_PASSWORD: "secret", RELEASE_KEY: pem(ed25519) };
    const strict = `if (Object.keys(process.env).some((name) => /KEY|PASSWORD/.test(name))) process.exit(3);\n${good}`;
    expect(await versionSignedWith(await openSigner(await command(strict), { env }))).toBe(1);
  });

  test("that signs with another key is refused before anything is written [T180]", async () => {
    const uri = await command(good);
    const signer = await openSigner(uri, { env: {}, key: createSigner(p256).key });
    await expectRefused(signDocument(document, [signer]), "TUF_SIGNER_MISMATCH");
  });

  test.for([
    ["that fails", `console.error("no token in the reader"); process.exit(4);`, /status 4: no token in the reader$/],
    ["that prints nothing", "", /printed nothing/],
    ["that prints without end", `for (;;) process.stdout.write("x".repeat(65536));`, /printed more than/],
    [
      "whose own child prints without end",
      `(await import("node:child_process")).spawn("/usr/bin/yes", { stdio: "inherit" }); setTimeout(() => undefined, 600_000);`,
      /printed more than/,
    ],
    [
      "that ends, and whose own child keeps its output open",
      `(await import("node:child_process")).spawn("/usr/bin/sleep", ["30"], { stdio: "inherit" }); process.exit(0);`,
      /did not answer within 1000 ms/,
      1000,
    ],
    ["that does not answer", "setTimeout(() => undefined, 600_000);", /did not answer within 1000 ms/, 1000],
  ] as const)("%s is told so", async ([, body, message, deadlineMs = 600_000]) => {
    const opening = openSigner(await command(body), { env: {}, deadlineMs });
    await expectRefused(opening, "SIGNER_UNAVAILABLE");
    await expect(opening).rejects.toThrow(message);
  });

  test("that is not there is told so", async () => {
    await expectRefused(openSigner("exec:/nowhere/signer", { env: {} }), "SIGNER_UNAVAILABLE");
  });
});

describe("hv: a key of Vault", () => {
  let server: HttpLoopbackServer;
  let answers: "good" | "other-key" | "slow" | "forbidden" = "good";
  const token = "hvs.secret";
  const other = generateKeyPairSync("ed25519").privateKey;
  const keys = new Map([
    ["ed25519", ed25519],
    ["ecdsa-p256", p256],
    ["rsa-2048", rsa],
  ]);

  /** As Vault's transit engine signs. */
  function vaultSignature(name: string, body: Readonly<Record<string, unknown>>): string {
    const key = answers === "other-key" ? other : (keys.get(name) ?? other);
    const input = Buffer.from(String(body["input"]), "base64");
    if (key.asymmetricKeyType === "ed25519") return sign(null, input, key).toString("base64");
    expect(body).toMatchObject({ prehashed: true, hash_algorithm: "sha2-256" });
    expect(input.toString("hex")).toBe(createHash("sha256").update(payload).digest("hex"));
    return key === rsa
      ? sign("sha256", payload, { key, padding: 6, saltLength: 32 }).toString("base64")
      : sign("sha256", payload, key).toString("base64");
  }

  let payload = Buffer.alloc(0);

  beforeEach(async () => {
    answers = "good";
    server = await startHttpServer((request, response) => {
      const [, , , action = "", name = ""] = (request.url ?? "").split("/");
      const send = (status: number, body: object): void => void response.writeHead(status).end(JSON.stringify(body));
      if (answers === "slow") return;
      if (answers === "forbidden" || request.headers["x-vault-token"] !== token) return send(403, { errors: [token] });
      const key = keys.get(name);
      if (key === undefined) return send(404, { errors: [] });
      const point = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32).toString("base64");
      const public_key = key === ed25519 ? point : publicPem(key);
      if (action === "keys") return send(200, { data: { type: name, keys: { 1: { public_key } } } });
      void json(request).then((body) =>
        send(200, {
          data: { signature: `vault:v1:${vaultSignature(name, body as Readonly<Record<string, unknown>>)}` },
        }),
      );
    });
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const options = (more: Partial<OpenSignerOptions> = {}): OpenSignerOptions => ({
    env: { VAULT_ADDR: server.origin, VAULT_TOKEN: token },
    ...more,
  });

  test.for(["ed25519", "ecdsa-p256", "rsa-2048"])(
    "of kind %s signs, and its public key comes from Vault",
    async (name) => {
      const signer = await openSigner(`hv:${name}/1`, options());
      expect(signer.key.public).toBe(createSigner(keys.get(name) ?? other).key.public);
      const sign = (given: Uint8Array): Promise<Uint8Array> => {
        payload = Buffer.from(given);
        return signer.sign(given);
      };
      expect(await versionSignedWith({ ...signer, sign })).toBe(1);
    },
  );

  test("another key signs than the one that Vault named: refused before anything is written [T180]", async () => {
    const signer = await openSigner("hv:ed25519/1", options());
    answers = "other-key";
    await expectRefused(signDocument(document, [signer]), "TUF_SIGNER_MISMATCH");
  });

  test("slow, forbidden, absent: an error at the deadline or at once, without the token", async () => {
    await expectRefused(openSigner("hv:none/1", options()), "SIGNER_NOT_FOUND");
    await expectRefused(openSigner("hv:ed25519/2", options()), "SIGNER_NOT_FOUND");
    await expectRefused(openSigner("hv:ed25519/1", { env: {} }), "SIGNER_REFUSED");
    answers = "forbidden";
    const error: unknown = await openSigner("hv:ed25519/1", options()).catch((refused: unknown) => refused);
    expect(error).toMatchObject({ code: "SIGNER_REFUSED" });
    expect(String(error)).not.toContain(token);
    answers = "slow";
    await expectRefused(openSigner("hv:ed25519/1", options({ deadlineMs: 200 })), "SIGNER_UNAVAILABLE");
  });
});
