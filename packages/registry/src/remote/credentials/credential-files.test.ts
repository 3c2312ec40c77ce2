import { writeFileSync } from "node:fs";
import { chmod, lstat, mkdir, readFile, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectRefused } from "@dtuf/testing/expect-refused";
import { useDirectory } from "@dtuf/testing/scene/directory";
import { beforeEach, describe, expect, test } from "vitest";
import { containersAuthPlaces, createContainersAuthCredentials } from "./containers-auth.ts";
import { createCredentialHelper, type CredentialHelper } from "./credential-helper.ts";
import type { Credential } from "./credentials.ts";
import { createDockerConfigCredentials, dockerConfigPath, readDockerHeaders } from "./docker-config.ts";
import { eraseCredential, findConfiguredHelper, storeCredential } from "./login.ts";

const directory = useDirectory();
let path: string;
let helper: CredentialHelper;

beforeEach(() => {
  path = join(directory, "config.json");
  helper = createCredentialHelper({ environment: { PATH: directory } });
});

const auth = (pair: string): string => Buffer.from(pair).toString("base64");
const basic = (username: string, password: string): Credential => ({ kind: "basic", username, password });

async function find(config: unknown, registry: string, repository?: string): Promise<Credential | undefined> {
  await writeFile(path, typeof config === "string" ? config : JSON.stringify(config));
  return createDockerConfigCredentials({ path, helper }).find({ registry, repository });
}

/** A helper that has one secret for each key, in Docker's protocol. */
async function installHelper(name: string, secrets: Record<string, string>): Promise<void> {
  const program = join(directory, `docker-credential-${name}`);
  const code = `#!${process.execPath}
const key = require("node:fs").readFileSync(0, "utf8");
const Secret = ${JSON.stringify(secrets)}[key];
if (Secret === undefined) { console.log("credentials not found in native keychain"); process.exit(1); }
console.log(JSON.stringify({ ServerURL: key, Username: ${JSON.stringify(name)}, Secret }));
`;
  await writeFile(program, code);
  await chmod(program, 0o755);
}

test("a byte order mark at the beginning of a file, as PowerShell writes it, is skipped", async () => {
  const config = `\uFEFF${JSON.stringify({ auths: { "r.example": { auth: auth("fred:secret") } } })}`;
  expect(await find(config, "r.example")).toEqual(basic("fred", "secret"));
});

describe("config.json", () => {
  test.each<[string, unknown, Credential | undefined]>([
    ["user and password, colons in it kept", { auth: auth("u:p:q") }, basic("u", "p:q")],
    ["a password padded with NULs", { auth: auth("u:p\0\0") }, basic("u", "p")],
    ["plain fields", { username: "u", password: "p" }, basic("u", "p")],
    ["an identity token", { identitytoken: "i" }, { kind: "identity-token", token: "i" }],
    [
      "an identity token and the user it goes with",
      { auth: auth("u:"), identitytoken: "i" },
      { kind: "identity-token", token: "i", username: "u" },
    ],
    ["a registry token", { auth: auth("u:p"), registrytoken: "r" }, { kind: "bearer", token: "r" }],
    ["an empty entry", {}, undefined],
  ])("holds %s", async (_, entry, wanted) => {
    expect(await find({ auths: { "r.example": entry } }, "r.example")).toEqual(wanted);
  });

  test.each([
    ["r.example", "r.example"],
    ["r.example:5000", "r.example:5000"],
    ["https://r.example", "r.example"],
    ["https://r.example/v2/", "r.example"],
    ["https://r.example/some/path", "r.example"],
    ["http://r.example:5000/", "r.example:5000"],
    ["r.example/v1/", "r.example"],
    ["R.Example", "r.example"],
    ["https://index.docker.io/v1/", "docker.io"],
    ["https://index.docker.io/v1/", "registry-1.docker.io"],
    ["docker.io", "index.docker.io"],
  ])("key %s is for %s", async (key, registry) => {
    expect(await find({ auths: { [key]: { auth: auth("u:p") } } }, registry)).toEqual(basic("u", "p"));
  });

  test.each([
    ["r.example", "r.example:5000"],
    ["r.example:5000", "r.example"],
    ["r.example", "evilr.example"],
    ["r.example", "r.example.evil"],
    ["evil/r.example", "r.example"],
    ["https://index.docker.io/v1/", "notdocker.io"],
    ["https://u@r.example", "r.example"],
    ["__proto__", "r.example"],
  ])("key %s is not for %s [T62]", async (key, registry) => {
    expect(await find(`{"auths":{${JSON.stringify(key)}:{"auth":"${auth("u:p")}"}}}`, registry)).toBeUndefined();
  });

  test("a namespace's own credentials win over the host's, the longest first", async () => {
    const entry = (user: string): unknown => ({ auth: auth(`${user}:p`) });
    const auths = { "r.example": entry("host"), "r.example/a": entry("a"), "r.example/a/b": entry("ab") };
    const users = await Promise.all(
      ["a/b", "a/b/c", "a/x", "ab", undefined].map(
        async (name) => (await find({ auths }, "r.example", name)) as unknown,
      ),
    );
    expect(users.map((found) => (found as { username: string }).username)).toEqual(["ab", "ab", "a", "host", "host"]);
  });

  test("a registry's own helper is asked before the helper for all, and that before the file", async () => {
    await installHelper("own", { "a.example": "own" });
    await installHelper("store", { "a.example": "store", "b.example": "store" });
    const config = {
      auths: Object.fromEntries(["a", "b", "c", "d"].map((name) => [`${name}.example`, { auth: auth("file:file") }])),
      credHelpers: { "a.example": "own", "d.example": "" },
      credsStore: "store",
    };
    expect(await find(config, "a.example")).toEqual(basic("own", "own"));
    expect(await find(config, "b.example")).toEqual(basic("store", "store"));
    expect(await find(config, "c.example")).toEqual(basic("file", "file"));
    expect(await find(config, "d.example")).toEqual(basic("file", "file"));
  });

  test("Docker Hub is looked up under Docker's own key", async () => {
    await installHelper("own", { "https://index.docker.io/v1/": "hub" });
    expect(await find({ credHelpers: { "docker.io": "own" } }, "registry-1.docker.io")).toEqual(basic("own", "hub"));
  });

  test("a helper that is missing ends the search: the file's credentials are not tried [T62]", async () => {
    const config = { auths: { "r.example": { auth: auth("u:p") } }, credHelpers: { "r.example": "gone" } };
    await expectRefused(find(config, "r.example"), "OCI_CREDENTIALS_UNAVAILABLE", { details: { helper: "gone" } });
  });

  test("a missing or empty file has no credentials [T83]", async () => {
    expect(await createDockerConfigCredentials({ path, helper }).find({ registry: "r.example" })).toBeUndefined();
    for (const config of ["", " \n", "{}", '{"auths":null}', '{"auths":[]}']) {
      expect(await find(config, "r.example")).toBeUndefined();
    }
  });

  test.each<[string, string]>([
    ["text that is not JSON", '{"auths":{"r.example":{"auth":"planted"'],
    ["JSON that is not an object", '["planted"]'],
    ["an entry that is not an object", '{"auths":{"r.example":"planted"}}'],
    ["an invalid auth", '{"auths":{"r.example":{"auth":"planted"}}}'],
    ["more than a megabyte", `{"x":"${"planted".repeat(200_000)}"}`],
  ])("%s is an error that names the file and shows nothing of it [T61, T83]", async (_, text) => {
    const failed = await find(text, "r.example").catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "OCI_CREDENTIALS_UNAVAILABLE" });
    expect(String(failed)).toContain(path);
    expect(JSON.stringify([String(failed), failed, String((failed as Error).cause)])).not.toContain("planted");
  });

  test("a broken entry of another registry is ignored", async () => {
    const auths = { "bad.example": 7, "r.example": { auth: auth("u:p") } };
    expect(await find({ auths }, "r.example")).toEqual(basic("u", "p"));
  });

  test("its HttpHeaders are read", async () => {
    await find({ HttpHeaders: { "X-Meta": "m", "X-Bad": 1 } }, "r.example");
    expect(await readDockerHeaders(path)).toEqual({ "X-Meta": "m" });
    expect(await readDockerHeaders(join(directory, "no"))).toEqual({});
  });

  test("is in DOCKER_CONFIG or in the home directory", () => {
    expect(dockerConfigPath({ environment: { DOCKER_CONFIG: "/d" }, home: "/h" })).toBe("/d/config.json");
    expect(dockerConfigPath({ environment: { DOCKER_CONFIG: "" }, home: "/h" })).toBe("/h/.docker/config.json");
  });
});

describe("auth.json", () => {
  test("is searched in the places of the containers tools, in their order", () => {
    const paths = (environment: Record<string, string>, uid?: number): string[] =>
      containersAuthPlaces({ environment, home: "/h", uid }).map((place) => place.path);
    const rest = ["/h/.docker/config.json", "/h/.dockercfg"];
    expect(paths({ REGISTRY_AUTH_FILE: "/only" }, 5)).toEqual(["/only"]);
    expect(paths({}, 5)).toEqual(["/run/containers/5/auth.json", "/h/.config/containers/auth.json", ...rest]);
    expect(paths({})).toEqual(["/h/.config/containers/auth.json", ...rest]);
    expect(paths({ XDG_RUNTIME_DIR: "/r", XDG_CONFIG_HOME: "/c", DOCKER_CONFIG: "/d" }, 5)).toEqual([
      "/r/containers/auth.json",
      "/c/containers/auth.json",
      "/d/config.json",
      "/h/.dockercfg",
    ]);
  });

  test("the first file with the registry wins, the legacy one last", async () => {
    const file = async (name: string, json: object): Promise<string> => {
      await writeFile(join(directory, name), JSON.stringify(json));
      return join(directory, name);
    };
    const entry = (user: string): object => ({ auth: auth(`${user}:p`) });
    const places = [
      { path: join(directory, "missing"), format: "config" },
      { path: await file("1", { auths: { "a.example": entry("first") } }), format: "config" },
      {
        path: await file("2", { auths: { "a.example": entry("x"), "b.example/ns": entry("second") } }),
        format: "config",
      },
      { path: await file("3", { "https://c.example/v1/": { ...entry("legacy"), email: "" } }), format: "dockercfg" },
    ] as const;
    const provider = createContainersAuthCredentials({ places, helper });
    expect(await provider.find({ registry: "a.example" })).toEqual(basic("first", "p"));
    expect(await provider.find({ registry: "b.example", repository: "ns/x" })).toEqual(basic("second", "p"));
    expect(await provider.find({ registry: "b.example", repository: "x" })).toBeUndefined();
    expect(await provider.find({ registry: "c.example" })).toEqual(basic("legacy", "p"));
  });
});

describe("login in plain text", () => {
  const store = (registry: string, credential = basic("u", "p:q")): Promise<void> =>
    storeCredential({ kind: "plain-text", path }, registry, credential as never);

  test("is read back, and leaves everything else in the file as it was", async () => {
    const config = { auths: { "https://r.example/v1/": {}, other: { auth: "x", extra: 1 } }, plugins: { x: [1] } };
    await writeFile(path, JSON.stringify(config), { mode: 0o644 });
    await store("r.example");
    const written: unknown = JSON.parse(await readFile(path, "utf8"));
    expect(written).toEqual({ ...config, auths: { other: config.auths.other, "r.example": { auth: auth("u:p:q") } } });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(["config.json"]);
    expect(await createDockerConfigCredentials({ path, helper }).find({ registry: "r.example" })).toEqual(
      basic("u", "p:q"),
    );
  });

  test("creates file and directory, readable by the user only", async () => {
    path = join(directory, "new", "config.json");
    await storeCredential({ kind: "plain-text", path }, "docker.io", { kind: "identity-token", token: "i" });
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual({
      auths: { "https://index.docker.io/v1/": { identitytoken: "i" } },
    });
    expect((await stat(join(directory, "new"))).mode & 0o777).toBe(0o700);
  });

  test("keeps a link and writes the file behind it", async () => {
    await mkdir(join(directory, "dotfiles"));
    await writeFile(join(directory, "dotfiles", "c.json"), "{}");
    await symlink(join(directory, "dotfiles", "c.json"), path);
    await store("r.example");
    expect((await lstat(path)).isSymbolicLink()).toBe(true);
    expect(await readFile(join(directory, "dotfiles", "c.json"), "utf8")).toContain("r.example");
  });

  test("of many registries at once loses none, and leaves nothing else [T285]", async () => {
    const registries = Array.from({ length: 8 }, (_, index) => `r${index}.example`);
    await Promise.all(registries.map((registry) => store(registry)));
    const { auths } = JSON.parse(await readFile(path, "utf8")) as { auths: object };
    expect(Object.keys(auths).toSorted()).toEqual(registries);
    expect(await readdir(directory)).toEqual(["config.json"]);
  });

  test.each([1, Infinity])("keeps what a program without the lock wrote meanwhile %d times [T285]", async (times) => {
    let asked = 0;
    const credential = {
      kind: "basic" as const,
      username: "u",
      get password() {
        // Between reading and writing; the first time nothing is written yet.
        asked += 1;
        if (asked > 1 && asked <= times + 1) writeFileSync(path, JSON.stringify({ auths: { docker: {} }, asked }));
        return "p";
      },
    };
    const stored = store("r.example", credential);
    await (times === 1 ? stored : expectRefused(stored, "FILE_CHANGED"));
    const { auths } = JSON.parse(await readFile(path, "utf8")) as { auths: object };
    expect(Object.keys(auths)).toEqual(times === 1 ? ["docker", "r.example"] : ["docker"]);
    expect(await readdir(directory)).toEqual(["config.json"]);
  });

  test("never replaces a file that it cannot read", async () => {
    await writeFile(path, "{ mine");
    await expectRefused(store("r.example"), "OCI_CREDENTIALS_UNAVAILABLE");
    expect(await readFile(path, "utf8")).toBe("{ mine");
  });

  test("refuses a user name that Basic cannot carry", async () => {
    await expect(store("r.example", basic("a:b", "p"))).rejects.toThrow(TypeError);
  });

  test("logout erases the registry under every key of it, and nothing else", async () => {
    const auths = { "r.example": {}, "https://r.example/v2/": {}, "r.example/ns": {}, "r.example:5000": {} };
    await writeFile(path, JSON.stringify({ auths }));
    await eraseCredential({ kind: "plain-text", path }, "r.example");
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual({ auths: { "r.example/ns": {}, "r.example:5000": {} } });
  });

  test("logout without a file creates none", async () => {
    await eraseCredential({ kind: "plain-text", path }, "r.example");
    expect(await readdir(directory)).toEqual([]);
  });
});

test("login reads the registry's helper from the configuration", async () => {
  expect(await findConfiguredHelper(path, "r.example")).toBeUndefined();
  const config = {
    credHelpers: { "r.example": "own", "https://index.docker.io/v1/": "hub", "p.example": "" },
    credsStore: "all",
  };
  await writeFile(path, JSON.stringify(config));
  const names = ["r.example", "docker.io", "other.example", "p.example"].map((name) =>
    findConfiguredHelper(path, name),
  );
  expect(await Promise.all(names)).toEqual(["own", "hub", "all", undefined]);
});
