/** `dtuf sync --source-yaml`: what a list may say, and that what fails in it fails alone. */
import { execFileSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { parseTag } from "@dtuf/registry";
import { createRegistryClient, type RemoteStore } from "@dtuf/registry/remote";
import { registryOf, uniqueRepository } from "../setup/registries.ts";
import { putImage } from "./images.ts";
import { useRealRegistry, type Report } from "./scene.ts";

const { machine, host, client, files } = useRealRegistry();
let repository: string;
let store: RemoteStore;

beforeEach(() => {
  repository = uniqueRepository("sync");
  store = client.repository(repository);
});

const name = (): string => repository.slice(repository.lastIndexOf("/") + 1);

describe("lists", () => {
  const list = (text: string): Promise<void> => writeFile(join(machine.directory, "list.yaml"), text);

  test.each([
    ["that is a pipe", (path: string) => Promise.resolve(execFileSync("mkfifo", [path])), "FILE_NOT_REGULAR"],
    ["of more than 5 MiB", (path: string) => writeFile(path, Buffer.alloc(5 * 1024 ** 2 + 1, "#")), "FILE_TOO_LARGE"],
  ])("one %s is refused and not read", async (_what, plant, code) => {
    await plant(join(machine.directory, "list.yaml"));
    const ran = await machine.run(["sync", "--source-yaml", "list.yaml", "oci:images"]);
    expect(ran).toMatchObject({ status: 8, stdout: "" });
    expect(ran.stderr).toContain(code);
  });

  test("tags, digests, patterns and versions add up; what fails, fails alone, with exit status 11", async () => {
    const digests: string[] = [];
    for (const tag of ["v1.0", "v1.5", "v2.0", "other"])
      digests.push((await putImage(store, { tags: [tag] })).descriptor.digest);
    const good = uniqueRepository("good");
    await putImage(client.repository(good), { tags: ["x"] });
    await list(`
${host}:
  tls-verify: false
  images:
    ${repository}: [other, "${digests[0]}", "v2.0@${digests[2]}"]
    no/such: []
  images-by-tag-regex:
    ${good}: x
    ${uniqueRepository("bad")}: "("
  images-by-semver:
    ${repository}: ">= 1.0, < 2"
`);
    const ran = await machine.run(["sync", "--source-yaml", "list.yaml", "--json", "dir:d"]);
    expect(ran.status).toBe(11);
    const { images } = JSON.parse(ran.stdout) as Report;
    expect(images.flatMap(({ error }) => (error === undefined ? [] : [error.code]))).toEqual([
      "MIRROR_NOTHING_TO_SYNC",
      "MIRROR_PATTERN_INVALID",
    ]);
    const at = join("d", host, repository, "..");
    expect(await files(at)).toEqual(
      [`@${digests[0]}`, ":other", ":v1.0", ":v1.5", ":v2.0"].map((end) => `${name()}${end}`).toSorted(),
    );
  });

  test("tls-verify of the list goes before that of the command line, and absent says nothing", async () => {
    const { host: secure, ca = "" } = registryOf("tls");
    const secured = createRegistryClient({
      registry: secure,
      transport: { now: () => new Date(), random: Math.random, tls: () => ({ ca: [ca] }) },
      now: () => new Date(),
      random: Math.random,
    });
    await putImage(secured.repository(repository), { tags: ["1"] });
    await secured.close();
    const outcome = async (text: string, ...words: string[]): Promise<number> => {
      await list(`${secure}:\n  images:\n    ${repository}: ["1"]\n${text}`);
      await rm(join(machine.directory, "d"), { recursive: true, force: true });
      return (await machine.run(["sync", "--src", "yaml", "--dest", "dir", ...words, "list.yaml", "d"])).status;
    };
    expect(await outcome("  tls-verify: false\n")).toBe(0);
    expect(await outcome("  tls-verify: false\n", "--src-tls-verify=true")).toBe(0);
    expect(await outcome("  tls-verify: true\n", "--src-tls-verify=false")).toBe(5);
    expect(await outcome("")).toBe(5);
    expect(await outcome("", "--src-tls-verify=false")).toBe(0);
    await mkdir(join(machine.directory, "certs"));
    await writeFile(join(machine.directory, "certs", "ca.crt"), ca);
    expect(await outcome("  cert-dir: certs\n")).toBe(0);
    expect(await outcome("", "--src-cert-dir", "certs")).toBe(0);
  });

  test("a forbidden repository fails alone; credentials of the list open it", async () => {
    const { host: closed, username = "", password = "" } = registryOf("basic");
    await putImage(store, { tags: ["1"] });
    const own = createRegistryClient({
      registry: closed,
      scheme: "http",
      transport: { now: () => new Date(), random: Math.random },
      now: () => new Date(),
      random: Math.random,
      credentials: { find: () => Promise.resolve({ kind: "basic", username, password }) },
    });
    await putImage(own.repository(repository), { tags: ["1"] });
    await own.close();
    const both = (credentials: string): string =>
      `${closed}:\n  tls-verify: false\n  images: {${repository}: []}\n${credentials}${host}:\n  tls-verify: false\n  images: {${repository}: []}\n`;
    await list(both(""));
    const ran = await machine.run(["sync", "--source-yaml", "list.yaml", "--json", "dir:d"]);
    expect(ran.status).toBe(11);
    expect((JSON.parse(ran.stdout) as Report).images.map(({ status, error }) => error?.code ?? status)).toEqual([
      "OCI_UNAUTHORIZED",
      "copied",
    ]);
    await list(both(`  credentials: {username: ${username}, password: ${password}}\n`));
    await machine.must(["sync", "--source-yaml", "list.yaml", "dir:d"]);
    expect(
      (await machine.run(["sync", "--src-tls-verify=false", `docker://${closed}/${repository}`, "dir:e"])).status,
    ).toBe(13);
    await machine.must([
      "sync",
      "--src-tls-verify=false",
      "--src-creds",
      `${username}:${password}`,
      `docker://${closed}/${repository}`,
      "dir:e",
    ]);
  });

  test("parts for namespaces of one registry are asked with the credentials of each, from a variable or a file", async () => {
    const { host: closed, username = "", password = "" } = registryOf("basic");
    const own = createRegistryClient({
      registry: closed,
      scheme: "http",
      transport: { now: () => new Date(), random: Math.random },
      now: () => new Date(),
      random: Math.random,
      credentials: { find: () => Promise.resolve({ kind: "basic", username, password }) },
    });
    const [a, b, c] = [uniqueRepository("a"), uniqueRepository("b"), uniqueRepository("c")];
    for (const each of [a, b, c]) {
      await putImage(own.repository(`${each}/app`), { tags: ["1.0"] });
      await putImage(own.repository(`${each}/app`), { tags: ["2.0"] });
      await putImage(own.repository(`${each}/app`), { tags: ["3.0"] });
    }
    await own.close();
    const part = (namespace: string, credentials: string): string =>
      `${closed}/${namespace}:\n  tls-verify: false\n  images-by-semver: {app: ["~1", ">=3"]}\n  map: {app: ${namespace.slice(-8)}}\n  credentials: ${credentials}\n`;
    await list(
      part(a, "{username: '${REG_USER}', password: '${REG_PASSWORD}'}") +
        part(b, `{username: ${username}, password-file: secret}`) +
        part(c, `{username: ${username}, password: wrong}`),
    );
    const words = ["sync", "--source-yaml", "list.yaml", "--keep-going", "--json", "dir:d"];
    expect((await machine.run(words)).stderr).toContain("the variable REG_USER is not set");
    machine.environment = { ...machine.environment, REG_USER: username, REG_PASSWORD: password };
    expect(await machine.run(words)).toMatchObject({ status: 2, stderr: expect.stringContaining("secret") as string });
    await writeFile(join(machine.directory, "secret"), `${password}\n`);
    const ran = await machine.run(words);
    expect(ran.status).toBe(11);
    const { images } = JSON.parse(ran.stdout) as Report;
    expect(images.map(({ status, error }) => error?.code ?? status).toSorted()).toEqual([
      "OCI_UNAUTHORIZED",
      ...Array.from({ length: 4 }, () => "copied"),
    ]);
    expect(await files("d")).toEqual(
      [a, b].flatMap((each) => [`${each.slice(-8)}:1.0`, `${each.slice(-8)}:3.0`]).toSorted(),
    );
  });

  test("two repositories of one name collide before anything is copied", async () => {
    const other = `${uniqueRepository("other")}/${name()}`;
    await putImage(store, { tags: ["1"] });
    await putImage(client.repository(other), { tags: ["1"] });
    await list(`${host}:\n  tls-verify: false\n  images: {${repository}: [], ${other}: []}\n`);
    const words = ["sync", "--src", "yaml", "--dest", "dir", "list.yaml", "d"];
    const ran = await machine.run(words);
    expect([ran.status, ran.stderr]).toEqual([2, expect.stringContaining("MIRROR_COLLISION")]);
    expect(await files()).toEqual(["list.yaml"]);
    await machine.must([...words.slice(0, 1), "--scoped", ...words.slice(1)]);
  });
});

test("a source with a port has no name at a registry: the error says which --map gives it one, and that works", async () => {
  await putImage(store, { tags: ["1"] });
  const words = ["sync", "--src-tls-verify=false", "--dest-tls-verify=false"];
  const places = [`docker://${host}/${repository}`, `docker://${host}`];
  const ran = await machine.run([...words, ...places]);
  expect(ran.status).toBe(2);
  const [, option] = /(--map \S+=)NAME/.exec(ran.stderr) ?? [];
  expect(option).toBe(`--map ${host}/${repository}=`);
  const target = uniqueRepository("mapped");
  await machine.must([...words, "--map", `${host}/${repository}=${target}`, ...places]);
  expect(await client.repository(target).resolve(parseTag("1"), { want: "digest" })).toBeDefined();
});
