import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { armor, Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { encodePrivateKey, generatePrivateKey, parsePrivateKey } from "./key-file.ts";

const unlock = (passphrase: string | undefined) => ({ path: "keys/root_key", passphrase: async () => passphrase });
const noPrompt = {
  path: "keys/root_key",
  passphrase: () => Promise.reject(new TypeError("nothing is encrypted here")),
};

function publicPem(key: KeyObject): string {
  return String(createPublicKey(key).export({ format: "pem", type: "spki" }));
}

describe("a key at rest", () => {
  test.for(["ed25519", "ecdsa-p256", "ecdsa-p384", "rsa-3072", "ml-dsa-65"] as const)(
    "%s without a passphrase is PKCS#8",
    async (type) => {
      const key = await generatePrivateKey(type);
      const text = await encodePrivateKey(key, "");
      expect(text).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
      expect((await parsePrivateKey(text, noPrompt)).equals(key)).toBe(true);
    },
  );

  test("with a passphrase is an age file of factor 17 that another implementation opens", async () => {
    const key = await generatePrivateKey("ed25519");
    const text = await encodePrivateKey(key, "correct horse");
    expect(Buffer.from(armor.decode(text)).toString("latin1")).toMatch(
      /^age-encryption.org\/v1\n-> scrypt \S{22} 17\n/,
    );
    const other = new Decrypter();
    other.addPassphrase("correct horse");
    expect(await other.decrypt(armor.decode(text), "text")).toBe(key.export({ format: "pem", type: "pkcs8" }));
    expect((await parsePrivateKey(text, unlock("correct horse"))).equals(key)).toBe(true);
  });

  test("written by another implementation opens", async () => {
    const key = await generatePrivateKey("ed25519");
    const other = new Encrypter();
    other.setScryptWorkFactor(18);
    other.setPassphrase("pässwörd");
    const text = armor.encode(await other.encrypt(String(key.export({ format: "pem", type: "pkcs8" }))));
    expect((await parsePrivateKey(text, unlock("pässwörd"))).equals(key)).toBe(true);
  });

  test("with a wrong passphrase is refused with that code", async () => {
    const text = await encodePrivateKey(await generatePrivateKey("ed25519"), "right");
    await expectRefused(parsePrivateKey(text, unlock("wrong")), "MASTER_PASSPHRASE_WRONG", {
      details: { path: "keys/root_key" },
    });
  });

  test.for([undefined, ""])("without the passphrase (%j) is an error that asks for one", async (passphrase) => {
    const text = await encodePrivateKey(await generatePrivateKey("ed25519"), "right");
    await expectRefused(parsePrivateKey(text, unlock(passphrase)), "MASTER_PASSPHRASE_MISSING");
  });

  test("that asks for more than a gigabyte is refused before anything is computed", async () => {
    const text = await encodePrivateKey(await generatePrivateKey("ed25519"), "x");
    const file = Buffer.from(armor.decode(text)).toString("latin1").replace(" 17\n", " 21\n");
    await expectRefused(parsePrivateKey(armor.encode(Buffer.from(file, "latin1")), unlock("x")), "MASTER_KEY_INVALID", {
      details: { why: "work-factor-too-high" },
    });
  });

  test("encrypted to a key instead of a passphrase is refused", async () => {
    const other = new Encrypter();
    other.addRecipient(await identityToRecipient(await generateX25519Identity()));
    const text = armor.encode(await other.encrypt("x"));
    await expectRefused(parsePrivateKey(text, unlock("x")), "MASTER_KEY_INVALID", {
      details: { why: "not-a-passphrase-file" },
    });
  });

  test.for([
    { type: "pkcs1", cipher: "aes-256-cbc" },
    { type: "pkcs1", cipher: "des-ede3-cbc" },
    { type: "pkcs8", cipher: "aes-256-cbc" },
  ] as const)("of the Python dtuf ($type, $cipher) opens, and tells a wrong passphrase", async ({ type, cipher }) => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const text = String(privateKey.export({ format: "pem", type, cipher, passphrase: "seed" }));
    expect(publicPem(await parsePrivateKey(text, unlock("seed")))).toBe(publicPem(privateKey));
    await expectRefused(parsePrivateKey(text, unlock("sown")), "MASTER_PASSPHRASE_WRONG");
  });

  test.for([
    "",
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n",
  ])("that is damaged (%j) is refused", async (text) => {
    await expectRefused(parsePrivateKey(text, unlock("x")), "MASTER_KEY_INVALID");
  });
});
