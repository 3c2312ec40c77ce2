/** dxf's own scenarios, with dxf's own variables, on every form of a real registry and on the embedded one. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestOf } from "@dtuf/registry";
import { describe, expect, test } from "vitest";
import { registryForms, registryOf, uniqueRepository } from "../setup/registries.ts";
import { createMachine, registryEnvironment, type Machine, type Ran } from "./machine.ts";

const places = [...registryForms, "embedded"] as const;

type Place = (typeof places)[number];

interface Dxf extends AsyncDisposable {
  readonly machine: Machine;
  readonly environment: Record<string, string>;
  readonly repo: string;
  /** `dxf`, wherever it ends. */
  run(words: readonly string[], stdin?: string | Uint8Array): Promise<Ran>;
  /** What it prints; it must end with 0. */
  out(words: readonly string[], stdin?: string | Uint8Array): Promise<string>;
  /** Pushes a file of this content; gives its digest. */
  push(name: string, content: string, alias?: string): Promise<string>;
}

function where(place: Place): Readonly<Record<string, string>> {
  return place === "embedded" ? { DXF_HOST: "oci:registry" } : registryEnvironment(registryOf(place), "DXF");
}

async function createDxf(environment: Readonly<Record<string, string>>): Promise<Dxf> {
  const machine = await createMachine(environment);
  const repo = uniqueRepository("dxf");
  const run: Dxf["run"] = (words, stdin) => machine.run(["dxf", ...words], stdin);
  const out: Dxf["out"] = async (words, stdin) => (await machine.must(["dxf", ...words], stdin)).stdout;
  return {
    machine,
    environment: machine.environment,
    repo,
    run,
    out,
    async push(name, content, alias) {
      const path = join(machine.directory, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
      return (await out(["push-blob", repo, name, ...(alias === undefined ? [] : [`@${alias}`])])).trim();
    },
    [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose](),
  };
}

const sha256 = (content: string): string => digestOf(Buffer.from(content));
const absent = sha256("nobody pushed this");

describe.each(places)("on the %s registry", (place) => {
  test("a blob is pushed under an alias and pulled by it; an alias is set to a blob and asked for it", async () => {
    await using dxf = await createDxf(where(place));
    const { repo } = dxf;
    expect(await dxf.push("logger.dat", "Hello World\n", "may15-readings")).toBe(sha256("Hello World\n"));
    expect(await dxf.out(["pull-blob", repo, "@may15-readings"])).toBe("Hello World\n");
    const digest = await dxf.push("other.dat", "Other\n");
    await dxf.out(["set-alias", repo, "latest", digest]);
    expect(await dxf.out(["get-alias", repo, "latest"])).toBe(`${digest}\n`);
    expect(await dxf.out(["pull-blob", repo, digest])).toBe("Other\n");
    expect((await dxf.out(["list-aliases", repo])).split("\n").toSorted()).toEqual(["", "latest", "may15-readings"]);
    expect((await dxf.out(["list-repos"])).split("\n")).toContain(repo);
  });

  test("an alias of several blobs keeps their order, tells its sizes, and names its first blob and its manifest", async () => {
    await using dxf = await createDxf(where(place));
    const { repo } = dxf;
    const [one, two] = [await dxf.push("one", "one "), await dxf.push("dir/two", "and two")];
    const manifest = await dxf.out(["set-alias", repo, "both", two, "./one", two]);
    expect(await dxf.out(["get-manifest", repo, "both"])).toBe(manifest);
    expect(await dxf.out(["resolve", repo, "both"])).toBe(`${sha256(manifest)}\n`);
    expect(await dxf.out(["get-digest", repo, "both"])).toBe(`${two}\n`);
    expect(await dxf.out(["get-alias", repo, "both"])).toBe(`${two}\n${one}\n${two}\n`);
    expect(await dxf.out(["blob-size", repo, "@both", one, two])).toBe("18\n4\n7\n");
    expect(await dxf.out(["pull-blob", repo, "@both", one])).toBe("and twoone and twoone ");
    dxf.environment["DXF_BLOB_INFO"] = "1";
    expect(await dxf.out(["pull-blob", repo, "@both"])).toBe(`${two} 7\nand two${one} 4\none ${two} 7\nand two`);
  });

  test("progress is on stderr, a line for each blob, only where it is asked for", async () => {
    await using dxf = await createDxf(where(place));
    await writeFile(join(dxf.machine.directory, "data"), "x".repeat(70_000));
    const { stderr: silent } = await dxf.run(["push-blob", dxf.repo, "data"]);
    expect(silent).not.toMatch(/%/);
    dxf.environment["DXF_PROGRESS"] = "1";
    const pulled = await dxf.run(["pull-blob", dxf.repo, sha256("x".repeat(70_000))]);
    expect(pulled.stderr).toContain(sha256("x".repeat(70_000)).slice("sha256:".length, "sha256:".length + 8));
    expect(pulled.stderr).toMatch(/100%, 68\.4 KiB of 68\.4 KiB/);
  });

  test("with no argument the manifest comes from stdin", async () => {
    await using dxf = await createDxf(where(place));
    const { repo } = dxf;
    const [one, two] = [await dxf.push("one", "one "), await dxf.push("two", "two")];
    const manifest = await dxf.out(["set-alias", repo, "both", one, two]);
    expect(await dxf.out(["get-alias", repo], manifest)).toBe(`${one}\n${two}\n`);
    expect(await dxf.out(["get-digest", repo], manifest)).toBe(`${one}\n`);
    expect(await dxf.out(["blob-size", repo], manifest)).toBe("7\n");
    expect(await dxf.out(["pull-blob", repo], manifest)).toBe("one two");
    await dxf.out(["del-blob", repo], manifest);
    expect((await dxf.run(["pull-blob", repo, one])).status).toBe(3);
    expect((await dxf.run(["get-alias", repo], "no manifest")).status).toBe(6);
  });

  test("what is not there is status 3, and prints nothing", async () => {
    await using dxf = await createDxf(where(place));
    await dxf.push("something", "something", "something");
    for (const words of [
      ["pull-blob", absent],
      ["pull-blob", "@nothing"],
      ["blob-size", absent],
      ["blob-size", "@nothing"],
      ["del-blob", absent],
      ["del-blob", "@nothing"],
      ["set-alias", "new", absent],
      ["get-alias", "nothing"],
      ["del-alias", "nothing"],
      ["get-digest", "nothing"],
      ["get-manifest", "nothing"],
      ["resolve", "nothing"],
    ]) {
      const [command = "", ...rest] = words;
      expect([words, await dxf.run([command, dxf.repo, ...rest])]).toMatchObject([words, { status: 3, stdout: "" }]);
    }
  });

  test("deleting one alias deletes its sibling of the same manifest, and prints what it had", async () => {
    await using dxf = await createDxf(where(place));
    const { repo } = dxf;
    const digest = await dxf.push("data", "data");
    for (const alias of ["one", "two"]) await dxf.out(["set-alias", repo, alias, digest]);
    expect(await dxf.out(["del-alias", repo, "one"])).toBe(`${digest}\n`);
    expect((await dxf.run(["get-alias", repo, "two"])).status).toBe(3);
    expect(await dxf.out(["pull-blob", repo, digest])).toBe("data");
  });

  test("a blob is deleted once; an alias goes before its blobs do", async () => {
    await using dxf = await createDxf(where(place));
    const { repo } = dxf;
    const digest = await dxf.push("data", "data");
    await dxf.out(["del-blob", repo, digest]);
    expect((await dxf.run(["del-blob", repo, digest])).status).toBe(3);
    const [one, two] = [await dxf.push("one", "one"), await dxf.push("two", "two")];
    await dxf.out(["set-alias", repo, "both", one, two, one]);
    await dxf.out(["del-blob", repo, "@both"]);
    expect((await dxf.run(["get-alias", repo, "both"])).status).toBe(3);
    for (const blob of [one, two]) expect((await dxf.run(["blob-size", repo, blob])).status).toBe(3);
  });
});

describe.each(registryForms)("on the %s registry", (form) => {
  test("a blob is mounted from another repository, under an alias too; from where it is not, it is not", async () => {
    await using dxf = await createDxf(where(form));
    const source = dxf.repo;
    const digest = await dxf.push("data", "data");
    const target = uniqueRepository("dxf");
    expect(await dxf.out(["mount-blob", target, source, digest])).toBe(`${digest}\n`);
    expect(await dxf.out(["pull-blob", target, digest])).toBe("data");
    const other = uniqueRepository("dxf");
    expect(await dxf.out(["mount-blob", other, source, digest, "@data"])).toBe(`${digest}\n`);
    expect(await dxf.out(["get-alias", other, "data"])).toBe(`${digest}\n`);
    expect((await dxf.run(["mount-blob", target, source, absent])).status).toBe(3);
    expect((await dxf.run(["mount-blob", target, uniqueRepository("dxf"), digest])).status).toBe(3);
    expect((await dxf.run(["mount-blob", target, source, digest, "alias"])).status).toBe(2);
  });
});

describe("who is not let in", () => {
  test.each(["basic", "token"] as const)(
    "is status 13: by %s without a password, or with a wrong one",
    async (form) => {
      await using dxf = await createDxf(where(form));
      await dxf.push("data", "data", "data");
      const { DXF_PASSWORD: password = "", DXF_USERNAME: username = "" } = dxf.environment;
      dxf.environment["DXF_PASSWORD"] = "wrong";
      expect(await dxf.run(["list-aliases", dxf.repo])).toMatchObject({ status: 13, stdout: "" });
      delete dxf.environment["DXF_PASSWORD"];
      // Everybody may pull where tokens are given out; nobody unknown may push.
      await writeFile(join(dxf.machine.directory, "new"), "new");
      const refused = await dxf.run(["push-blob", dxf.repo, "new"]);
      expect(refused).toMatchObject({ status: 13, stdout: "" });
      expect(refused.stderr).toContain("DXF_USERNAME and DXF_PASSWORD");
      dxf.environment["DXF_AUTHORIZATION"] = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
      expect(await dxf.out(["list-aliases", dxf.repo])).toBe("data\n");
    },
  );

  test("gets a token for what it asks, which lets it in by itself", async () => {
    await using dxf = await createDxf(where("token"));
    await dxf.push("data", "data", "data");
    const token = (await dxf.out(["auth", dxf.repo, "pull"])).trim();
    expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    await using bearer = await createDxf({ ...where("plain"), DXF_HOST: registryOf("token").host, DXF_TOKEN: token });
    expect(await bearer.out(["list-aliases", dxf.repo])).toBe("data\n");
    await writeFile(join(bearer.machine.directory, "new"), "new");
    expect((await bearer.run(["push-blob", dxf.repo, "new"])).status).toBe(13);
  });

  test.each(["plain", "basic"] as const)("gets no token where the registry asks for none (%s)", async (form) => {
    await using dxf = await createDxf(where(form));
    expect(await dxf.out(["auth", dxf.repo, "pull", "push"])).toBe("");
  });

  test("sends no credentials over plain http to another machine", async () => {
    await using dxf = await createDxf({ DXF_HOST: "registry.example", DXF_INSECURE: "1", DXF_TOKEN: "planted" });
    const refused = await dxf.run(["list-aliases", dxf.repo]);
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain("OCI_INSECURE_CREDENTIALS");
    expect(refused.stderr).not.toContain("planted");
  });
});

describe("a certificate", () => {
  test.each([
    ["nothing", {}, 5],
    ["DXF_TLSVERIFY", { DXF_TLSVERIFY: "CA" }, 0],
    ["DXF_CA_FILE", { DXF_CA_FILE: "CA" }, 0],
    ["REQUESTS_CA_BUNDLE", { REQUESTS_CA_BUNDLE: "CA" }, 0],
    ["DXF_SKIPTLSVERIFY=1", { DXF_SKIPTLSVERIFY: "1" }, 0],
    ["DXF_SKIPTLSVERIFY=true", { DXF_SKIPTLSVERIFY: "true" }, 2],
  ])("is verified, or refused, as %s says", async (_what, given, status) => {
    const { host, caFile: ca = "" } = registryOf("tls");
    const settled = Object.entries<string>(given).map(([name, value]) => [name, value === "CA" ? ca : value]);
    await using dxf = await createDxf({ DXF_HOST: host, ...(Object.fromEntries(settled) as Record<string, string>) });
    expect((await dxf.run(["list-repos"])).status).toBe(status);
  });
});
