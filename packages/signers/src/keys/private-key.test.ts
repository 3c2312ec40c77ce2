import { createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import type { SignerContext } from "../context.ts";
import { isEncryptedKey, importPrivateKey } from "./private-key.ts";

const read = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), "utf8");

function open(text: string, ...passphrases: readonly string[]): Promise<KeyObject> {
  const context: SignerContext = { env: {}, secret: async ({ refused }) => passphrases[refused] };
  return importPrivateKey(text, { of: "the key", context });
}

describe("a private key of another program", () => {
  test.for([
    ["openssl-p8", "ed25519"],
    ["openssl-sec1", "ec"],
    ["openssl-pkcs1", "rsa"],
    ["securesystemslib-ed25519", "ed25519"],
  ] as const)("%s opens and nobody is asked", async ([name, type]) => {
    expect(isEncryptedKey(read(name))).toBe(false);
    expect((await importPrivateKey(read(name), { of: name, context: { env: {} } })).asymmetricKeyType).toBe(type);
  });

  test.for([
    ["openssl-p8-encrypted", "ec"],
    ["securesystemslib-ed25519-encrypted", "ed25519"],
    ["securesystemslib-rsa-encrypted", "rsa"],
    ["cosign.key", "ec"],
  ] as const)("%s opens with its passphrase, a wrong or missing one is an error", async ([name, type]) => {
    expect(isEncryptedKey(read(name))).toBe(true);
    expect((await open(read(name), "wrong", "fixture")).asymmetricKeyType).toBe(type);
    await expectRefused(open(read(name), "wrong", "wrong"), "SIGNER_PASSPHRASE_WRONG");
    await expectRefused(open(read(name)), "SIGNER_PASSPHRASE_MISSING");
  });

  test("of cosign and of securesystemslib have the public halves that these wrote", async () => {
    const cosign = createPublicKey(await open(read("cosign.key"), "fixture"));
    expect(cosign.export({ format: "pem", type: "spki" })).toBe(read("cosign.pub"));
    const ed25519 = createPublicKey(await open(read("securesystemslib-ed25519-encrypted"), "fixture"));
    const point = ed25519.export({ format: "der", type: "spki" }).subarray(-32).toString("hex");
    expect(point).toBe("a4c4bd3da69035e9ff536f3577608fd7154d92e9f68c18ce6c4ced9885a08a40");
  });

  test("that asks for a gigabyte is refused before anything is computed [T184]", async () => {
    const [, base64 = ""] = /-----\n([^-]+)/.exec(read("cosign.key")) ?? [];
    const box = Buffer.from(base64, "base64").toString().replace('"N":65536', '"N":1048576');
    const text = read("cosign.key").replace(base64, `${Buffer.from(box).toString("base64")}\n`);
    await expectRefused(open(text, "fixture"), "SIGNER_KEY_INVALID");
    const rounds = read("securesystemslib-ed25519-encrypted").replace("@@@@100000@@@@", "@@@@1000000000@@@@");
    await expectRefused(open(rounds, "fixture"), "SIGNER_KEY_INVALID");
  });

  test.for([
    "",
    "{}",
    '{"keytype":"ed25519","keyval":{"private":"00"}}',
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
  ])("that is damaged (%j) is refused", (text) => expectRefused(open(text, "x"), "SIGNER_KEY_INVALID"));
});
