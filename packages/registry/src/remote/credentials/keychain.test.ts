import { expectRefused } from "@dtuf/testing/expect-refused";
import { describe, expect, test } from "vitest";
import { OciError } from "../../errors.ts";
import { chainCredentials, createStaticCredentials } from "./credentials.ts";
import { createKeychainCredentials, openKeychain, type Keychain } from "./keychain.ts";
import { eraseCredential, storeCredential } from "./login.ts";
import { createPatternCredentials } from "./pattern-credentials.ts";

/** A module of keytar's interface that keeps its items in memory. */
function createMemoryKeychain(): Keychain & { readonly items: Map<string, string> } {
  const items = new Map<string, string>();
  return {
    items,
    getPassword: async (service, account) => items.get(`${service} ${account}`) ?? null,
    setPassword: async (service, account, password) => void items.set(`${service} ${account}`, password),
    deletePassword: async (service, account) => items.delete(`${service} ${account}`),
  };
}

describe("a keychain of keytar's interface", () => {
  test.each([
    { kind: "basic", username: "u", password: 'p"q' },
    { kind: "identity-token", token: "i" },
  ] as const)("returns the stored credential until it is erased", async (credential) => {
    const keychain = createMemoryKeychain();
    const provider = createKeychainCredentials(keychain);
    await storeCredential({ kind: "keychain", keychain }, "docker.io", credential);
    expect([...keychain.items.keys()]).toEqual(["dtuf docker.io"]);
    expect(await provider.find({ registry: "registry-1.docker.io" })).toEqual(credential);
    expect(await provider.find({ registry: "r.example" })).toBeUndefined();
    await eraseCredential({ kind: "keychain", keychain }, "index.docker.io");
    await eraseCredential({ kind: "keychain", keychain }, "index.docker.io");
    expect(await provider.find({ registry: "docker.io" })).toBeUndefined();
  });

  test("that fails is an error with its cause", async () => {
    const cause = new Error("cannot autolaunch D-Bus");
    const keychain = { ...createMemoryKeychain(), getPassword: () => Promise.reject(cause) };
    await expectRefused(
      createKeychainCredentials(keychain).find({ registry: "r.example" }),
      "OCI_CREDENTIALS_UNAVAILABLE",
      { message: "the OS keychain failed for r.example", cause },
    );
  });

  test.each(["planted", "7", "null", '{"kind":"basic","username":"planted"}', '{"kind":"bearer","token":"planted"}'])(
    "an item that dtuf did not write is an error that does not show it [T61]: %s",
    async (item) => {
      const keychain = createMemoryKeychain();
      keychain.items.set("dtuf r.example", item);
      const failed = await createKeychainCredentials(keychain)
        .find({ registry: "r.example" })
        .catch((error: unknown) => error);
      expect(failed).toMatchObject({ code: "OCI_CREDENTIALS_UNAVAILABLE" });
      expect(JSON.stringify([String(failed), failed, String((failed as Error).cause)])).not.toContain("planted");
    },
  );

  test("is keytar's own if it can be loaded, else an error that names the missing module", async () => {
    const opened = await openKeychain().catch((error: unknown) => error);
    const missing = "the OS keychain cannot be used, because the module keytar cannot be loaded";
    const outcome = OciError.is(opened) ? opened.message.split(" (")[0] : typeof (opened as Keychain).getPassword;
    expect(["function", missing]).toContain(outcome);
  });

  test("is opened only when it is asked, not if an earlier source has the registry", async () => {
    const known = createStaticCredentials({ kind: "bearer", token: "t" });
    const chain = chainCredentials([known, createKeychainCredentials()]);
    expect(await chain.find({ registry: "r.example" })).toEqual({ kind: "bearer", token: "t" });
  });
});

describe("credentials by pattern", () => {
  const named = (registry: string): { registry: string; credential: { kind: "bearer"; token: string } } => ({
    registry,
    credential: { kind: "bearer", token: registry },
  });
  const patterns = ["*", "*.example", "*.corp.example", "*.corp.example:5000", "a.corp.example", "docker.io"];

  test.each([
    ["a.corp.example", "a.corp.example"],
    ["A.Corp.Example", "a.corp.example"],
    ["b.corp.example", "*.corp.example"],
    ["x.y.corp.example", "*.corp.example"],
    ["b.corp.example:5000", "*.corp.example:5000"],
    ["b.corp.example:5001", "*"],
    ["corp.example", "*.example"],
    ["evilcorp.example", "*.example"],
    ["corp.example.evil", "*"],
    ["registry-1.docker.io", "docker.io"],
    ["notdocker.io", "*"],
    ["localhost:5000", "*"],
  ])("%s gets those of %s", async (registry, wanted) => {
    for (const order of [patterns, patterns.toReversed()]) {
      const provider = createPatternCredentials(order.map(named));
      expect(await provider.find({ registry })).toEqual({ kind: "bearer", token: wanted });
    }
  });

  test("other registries do not get them", async () => {
    const provider = createPatternCredentials([named("*.corp.example"), named("r.example")]);
    for (const registry of ["corp.example", ".corp.example", "evilcorp.example", "r.example:5000", "x.r.example"]) {
      expect(await provider.find({ registry })).toBeUndefined();
    }
  });

  test.each(["*corp.example", "a.*.example", "**", "*.*", "registry.*"])("%s is not a pattern", (registry) => {
    expect(() => createPatternCredentials([named(registry)])).toThrow(TypeError);
  });
});
