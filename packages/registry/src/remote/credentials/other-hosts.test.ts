/** Credentials are looked up by the whole name of a host: shorter and longer names are other hosts. */
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeAll, describe, expect, test } from "vitest";
import { createContainersAuthCredentials } from "./containers-auth.ts";
import { createCredentialHelper, type CredentialHelper } from "./credential-helper.ts";
import { createDockerConfigCredentials } from "./docker-config.ts";
import { createKeychainCredentials } from "./keychain.ts";
import { createPatternCredentials } from "./pattern-credentials.ts";
import type { CredentialProvider } from "./credentials.ts";

const home = useDirectory("all tests");
let path: string;
let helper: CredentialHelper;
beforeAll(async () => {
  path = join(home, "auth.json");
  helper = createCredentialHelper({ environment: { PATH: `${home}:/usr/bin:/bin` } });
  const program = join(home, "docker-credential-any");
  await writeFile(program, `#!/bin/sh\ncat > /dev/null\necho '{"Username":"u","Secret":"p"}'\n`);
  await chmod(program, 0o755);
});

const secret = { kind: "basic", username: "u", password: "p" } as const;
const entry = { auth: Buffer.from("u:p").toString("base64") };

const places: readonly (readonly [string, () => Promise<CredentialProvider>])[] = [
  ["Docker's configuration", () => docker({ auths: { "r.example": entry } })],
  ["Docker's configuration, by URL", () => docker({ auths: { "https://r.example/v1/": entry } })],
  ["a helper of Docker's configuration", () => docker({ credHelpers: { "r.example": "any" } })],
  ["a containers' auth file", () => containers({ auths: { "r.example": entry } })],
  ["a keychain", async () => createKeychainCredentials(keychain)],
  ["a pattern", async () => createPatternCredentials([{ registry: "r.example", credential: secret }])],
];

const keychain = {
  getPassword: async (_service: string, account: string) => (account === "r.example" ? JSON.stringify(secret) : null),
  setPassword: async () => undefined,
  deletePassword: async () => false,
};

async function docker(config: object): Promise<CredentialProvider> {
  await writeFile(path, JSON.stringify(config));
  return createDockerConfigCredentials({ path, helper });
}

async function containers(config: object): Promise<CredentialProvider> {
  await writeFile(path, JSON.stringify(config));
  return createContainersAuthCredentials({ places: [{ path, format: "config" }], helper });
}

describe.each(places)("credentials for r.example in %s", (_where, open) => {
  test("are for no host whose name contains it or is a part of it [T154]", async () => {
    const provider = await open();
    expect(await provider.find({ registry: "r.example" })).toEqual(secret);
    for (const other of [
      "r.example.evil",
      "evil-r.example",
      "evil.r.example",
      "er.example",
      "r.exampl",
      ".example",
      "example",
      "r",
      "r.example:5000",
      "r-example",
      "evil.example:443",
    ]) {
      expect([other, await provider.find({ registry: other, repository: "r.example/a" })]).toEqual([other, undefined]);
    }
  });
});

test("a pattern's star matches whole names below the domain only [T154]", async () => {
  const provider = createPatternCredentials([{ registry: "*.corp.example", credential: secret }]);
  expect(await provider.find({ registry: "a.corp.example" })).toEqual(secret);
  for (const other of ["corp.example", "evilcorp.example", "a.corp.example.evil", "a.corp.example:5000"]) {
    expect([other, await provider.find({ registry: other })]).toEqual([other, undefined]);
  }
});
