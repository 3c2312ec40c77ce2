import { generateKeyPairSync } from "node:crypto";
import { createSigner } from "@dtuf/tuf";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { openSigner } from "../index.ts";

const { privateKey } = generateKeyPairSync("ed25519");
const items = new Map([["dtuf/alice", String(privateKey.export({ format: "pem", type: "pkcs8" }))]]);
const keychain = {
  getPassword: (service: string, account: string) => Promise.resolve(items.get(`${service}/${account}`) ?? null),
};

describe("keychain: a key in the OS keychain", () => {
  test("signs, and one that is not there is an error that names it", async () => {
    const signer = await openSigner("keychain:dtuf/alice", { env: {}, keychain });
    expect(signer.keyId).toBe(createSigner(privateKey).keyId);
    await expectRefused(openSigner("keychain:dtuf/bob", { env: {}, keychain }), "SIGNER_NOT_FOUND");
    await expectRefused(openSigner("keychain:dtuf", { env: {}, keychain }), "SIGNER_URI_INVALID");
  });

  test("on a machine without one is an error that names the next way", async () => {
    const none = { getPassword: () => Promise.reject(new TypeError("Cannot autolaunch D-Bus without X11 $DISPLAY")) };
    const refused = openSigner("keychain:dtuf/alice", { env: {}, keychain: none });
    await expect(refused).rejects.toThrow(/take file2:PATH with a passphrase, or envvar:NAME/);
    await expectRefused(openSigner("keychain:dtuf/alice", { env: {}, keychain: none }), "SIGNER_UNAVAILABLE");
  });

  test("that is locked and asks nobody is given up at the deadline", async () => {
    const locked = { getPassword: () => Promise.withResolvers<string>().promise };
    const opening = openSigner("keychain:dtuf/alice", { env: {}, keychain: locked, deadlineMs: 50 });
    await expectRefused(opening, "SIGNER_UNAVAILABLE");
  });
});
